package diagnose

var clientCertificate = decided("f-client-cert", theTrace, "the member ends TLS with the alert that a certificate is required",
	"the member demands a client certificate (TLS alert 116)", alerted(116))
