package protocol

// NotYetValid recognises f-not-yet-valid: the member's certificate is not valid yet.
var NotYetValid = certificate("f-not-yet-valid", "verification says that the certificate is not valid yet",
	"the member's certificate is not valid yet", "cert_not_yet_valid")
