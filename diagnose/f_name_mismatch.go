package diagnose

var wrongName = decided("f-name-mismatch", theTrace, "verification says that the certificate is for another name",
	"the member's certificate does not cover the name that the gateway asks for", certificateFault("cert_name_mismatch"))
