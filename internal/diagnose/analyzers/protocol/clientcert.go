package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
)

// ClientCert recognises f-client-cert: the member demands a client certificate.
var ClientCert = inference.Decided("f-client-cert", inference.Trace,
	"the member ends TLS with the alert that a certificate is required, or with another one after it had requested a certificate",
	"the member demands a client certificate", inference.Either(alerted(116), func(e *traffic.Event) bool {
		return e.Fault.Kind == fault.Alerted && e.Fault.Detail == fault.CertificateAsked
	}))
