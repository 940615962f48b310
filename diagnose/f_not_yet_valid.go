package diagnose

var notYetValid = decided("f-not-yet-valid", theTrace, "verification says that the certificate is not valid yet",
	"the member's certificate is not valid yet", certificateFault("cert_not_yet_valid"))
