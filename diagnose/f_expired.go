package diagnose

var expired = decided("f-expired", theTrace, "verification says that the certificate is outside its validity",
	"the member's certificate is outside its validity", certificateFault("cert_expired"))
