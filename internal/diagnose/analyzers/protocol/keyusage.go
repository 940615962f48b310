package protocol

// KeyUsage recognises f-key-usage: the certificate is not made for servers.
var KeyUsage = certificate("f-key-usage", "verification says that the certificate is not meant for servers",
	"the member's certificate is not meant for servers", "cert_key_usage")
