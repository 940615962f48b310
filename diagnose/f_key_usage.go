package diagnose

var wrongKeyUsage = decided("f-key-usage", theTrace, "verification says that the certificate is not meant for servers",
	"the member's certificate is not meant for servers", certificateFault("cert_key_usage"))
