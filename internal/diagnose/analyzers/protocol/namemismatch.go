package protocol

// NameMismatch recognises f-name-mismatch: the member's certificate is for another name.
var NameMismatch = certificate("f-name-mismatch", "verification says that the certificate is for another name",
	"the member's certificate does not cover the name that the gateway expects", "cert_name_mismatch")
