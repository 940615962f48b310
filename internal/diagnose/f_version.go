package diagnose

var tlsVersion = decided("f-version", theTrace, "the member ends TLS with the alert that the version is not supported",
	"gateway and member have no TLS version in common (TLS alert 70)", alerted(70))
