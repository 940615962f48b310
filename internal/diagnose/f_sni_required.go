package diagnose

var sniRequired = decided("f-sni-required", theTrace, "the member ends TLS with the alert that it does not know the name",
	"the member does not know the server name that it is asked for (TLS alert 112)", alerted(112))
