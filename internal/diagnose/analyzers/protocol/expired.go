package protocol

// Expired recognises f-expired: the member's certificate is outside its validity.
var Expired = certificate("f-expired", "verification says that the certificate is outside its validity",
	"the member's certificate is outside its validity", "cert_expired")
