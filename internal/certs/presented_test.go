package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
)

// A certificate that was refused is known by the names in it: they say whose server it is.
func TestPresented(t *testing.T) {
	refused := func(leaf *x509.Certificate) error {
		return fmt.Errorf("shake hands: %w", &tls.CertificateVerificationError{
			UnverifiedCertificates: []*x509.Certificate{leaf},
			Err:                    errors.New("another name"),
		})
	}
	subject := new(x509.Certificate)
	subject.Subject.CommonName = "old \xffserver"
	for _, c := range []struct {
		err  error
		want string
	}{
		{refused(&x509.Certificate{
			DNSNames:    []string{"mail.example", "*.mail.example"},
			IPAddresses: []net.IP{net.IPv4(10, 0, 0, 4)},
		}), "mail.example, *.mail.example, 10.0.0.4"},
		{refused(subject), "old ?server"},
		{refused(new(x509.Certificate)), ""},
		{refused(&x509.Certificate{DNSNames: []string{"a.example", strings.Repeat("b", presentedMax)}}), "a.example, …"},
		{&tls.CertificateVerificationError{Err: errNoLeaf}, ""},
		{errors.New("reset"), ""},
	} {
		t.Run(c.want, func(t *testing.T) {
			if got := Presented(c.err); got != c.want {
				t.Errorf("Presented(%v) = %q, want %q", c.err, got, c.want)
			}
		})
	}
}
