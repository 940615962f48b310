package protocol

// UnknownCA recognises f-unknown-ca: the member's certificate is not trusted.
var UnknownCA = certificate("f-unknown-ca", "verification finds no trusted root",
	"the member's certificate does not lead to a trusted root", "cert_unknown_ca")
