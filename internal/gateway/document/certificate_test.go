package document

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"
)

// issue makes a certificate, signed by itself when no issuer is given.
func issue(t *testing.T, name string, authority bool, issuer *x509.Certificate, issuerKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: authority, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	if issuer == nil {
		issuer, issuerKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func TestClientAuthorities(t *testing.T) {
	root, key := issue(t, "root", true, nil, nil)
	other, _ := issue(t, "other", true, nil, nil)
	middle, _ := issue(t, "middle", true, root, key)
	leaf, _ := issue(t, "leaf", false, root, key)
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
