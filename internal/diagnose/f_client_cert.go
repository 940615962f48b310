package diagnose

import "causeway/internal/fault"

var clientCertificate = decided("f-client-cert", theTrace, "the member ends TLS with the alert that a certificate is required, or with another one after it had asked for a certificate",
	"the member demands a client certificate", either(alerted(116), func(e *event) bool {
		return e.fault.Kind == fault.Alerted && e.fault.Detail == fault.CertificateAsked
	}))
