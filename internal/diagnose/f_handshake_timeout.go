package diagnose

var handshakeTimeout = decided("f-handshake-timeout", theTrace, "the connection comes about and the handshake on it runs into its timeout",
	"the member took the connection and did not finish the TLS handshake in time", handshakeLate)
