package document

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"testing"

	"causeway/internal/certs/certstest"
)

func TestClientAuthorities(t *testing.T) {
	authority := certstest.NewAuthority(t, "root")
	root, other := authority.Cert, certstest.NewAuthority(t, "other").Cert
	middle, leaf := authority.Intermediate("middle").Cert, authority.Leaf("leaf").Leaf
	f := func(code string, certs ...*x509.Certificate) {
		t.Helper()
		var data bytes.Buffer
		for _, c := range certs {
			if err := pem.Encode(&data, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}); err != nil {
				t.Fatal(err)
			}
		}
		d, err := Parse(fmt.Appendf(nil, `{"sku":{"tier":"Standard_v2","capacity":1},"trustedClientCertificates":[{"name":"c","data":%q}]}`,
			base64.StdEncoding.EncodeToString(data.Bytes())))
		if err != nil {
			t.Fatal(err)
		}
		const path = "trustedClientCertificates[0].data"
		if code == "" {
			for _, p := range d.Problems() {
				if p.Path == path {
					t.Errorf("unexpected %s", p)
				}
			}
			return
		}
		if !hasProblem(d.Problems(), code, path) {
			t.Errorf("no %s among:\n%s", code, problemText(d.Problems()))
		}
	}
	f("", root)
	f("", middle, root)
	f("", leaf, root) // a leaf beside authorities is ignored
	f("ApplicationGatewayTrustedClientCertificateDoesNotContainAnyCACertificate", leaf)
	f("ApplicationGatewayOnlyOneRootCAAllowedInTrustedClientCertificate", root, other)
	f("ApplicationGatewayOnlyOneRootCAAllowedInTrustedClientCertificate", middle)
}
