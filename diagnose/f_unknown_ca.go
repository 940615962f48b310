package diagnose

var untrusted = decided("f-unknown-ca", theTrace, "verification finds no trusted root",
	"the member's certificate does not lead to a trusted root", certificateFault("cert_unknown_ca"))
