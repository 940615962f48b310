package certs

import (
	"crypto/tls"
	"errors"
	"strings"
)

// presentedMax bounds the names that are kept of a certificate, in bytes.
const presentedMax = 200

// Presented lists the names in a certificate that was refused, by the error of the handshake: DNS names and addresses,
// else the common name. It is empty where none was refused or the certificate names nothing.
func Presented(err error) string {
	var refused *tls.CertificateVerificationError
	if !errors.As(err, &refused) || len(refused.UnverifiedCertificates) == 0 {
		return ""
	}
	leaf := refused.UnverifiedCertificates[0]
	names := leaf.DNSNames
	for _, a := range leaf.IPAddresses {
		names = append(names, a.String())
	}
	if len(names) == 0 && leaf.Subject.CommonName != "" {
		names = []string{leaf.Subject.CommonName}
	}
	all := ""
	for i, name := range names {
		if i > 0 {
			name = ", " + name
		}
		if len(all)+len(name) > presentedMax {
			return all + ", …"
		}
		all += name
	}
	return strings.ToValidUTF8(all, "?")
}
