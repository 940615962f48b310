// Package certstest makes certificates for tests.
package certstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"sync/atomic"
	"testing"
	"time"
)

// Authority is a CA.
type Authority struct {
	t    testing.TB
	Cert *x509.Certificate
	key  *ecdsa.PrivateKey
	up   []*x509.Certificate // intermediates, from this one up; without the root
}

var serial atomic.Int64

// NewAuthority makes a root CA.
func NewAuthority(t testing.TB, name string) *Authority {
	a := &Authority{t: t}
	a.Cert, a.key = sign(t, template(name, true), nil, nil)
	return a
}

// Intermediate makes a CA under a.
func (a *Authority) Intermediate(name string) *Authority {
	b := &Authority{t: a.t}
	b.Cert, b.key = sign(a.t, template(name, true), a.Cert, a.key)
	b.up = append([]*x509.Certificate{b.Cert}, a.up...)
	return b
}

// Option changes a certificate before it is signed.
type Option func(*x509.Certificate)

// Expired ended an hour ago.
func Expired(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
}

// Leaf makes a server's certificate for a name, with the chain that the server sends.
func (a *Authority) Leaf(name string, options ...Option) *tls.Certificate {
	c := template(name, false)
	c.DNSNames = []string{name}
	for _, o := range options {
		o(c)
	}
	cert, key := sign(a.t, c, a.Cert, a.key)
	pair := &tls.Certificate{PrivateKey: key, Leaf: cert, Certificate: [][]byte{cert.Raw}}
	for _, up := range a.up {
		pair.Certificate = append(pair.Certificate, up.Raw)
	}
	return pair
}

// SelfSigned makes a self-signed server certificate.
func SelfSigned(t testing.TB, name string, options ...Option) *tls.Certificate {
	c := template(name, false)
	c.DNSNames = []string{name}
	for _, o := range options {
		o(c)
	}
	cert, key := sign(t, c, nil, nil)
	return &tls.Certificate{PrivateKey: key, Leaf: cert, Certificate: [][]byte{cert.Raw}}
}

// PEM encodes a key pair as two PEM files.
func PEM(t testing.TB, pair *tls.Certificate) (cert, key []byte) {
	for _, der := range pair.Certificate {
		cert = append(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func template(name string, ca bool) *x509.Certificate {
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial.Add(1)), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), BasicConstraintsValid: true, IsCA: ca,
	}
	if ca {
		c.KeyUsage = x509.KeyUsageCertSign
		return c
	}
	c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return c
}

// sign makes a certificate; without a parent it signs itself.
func sign(t testing.TB, c, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if parent == nil {
		parent, by = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}
