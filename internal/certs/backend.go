package certs

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"causeway/internal/gateway"
)

// Trust is how the certificates of a pool's servers are judged under one backend settings object.
type Trust struct {
	V1     bool
	Leaves [][]byte       // v1: exactly these leaves
	Roots  *x509.CertPool // v2: nil means the system's public CAs
	Chain  bool           // check chain and expiry
	Name   bool           // check the name

	raw [][]byte // what was uploaded
}

// TrustOf reads what settings trust.
func TrustOf(c *gateway.Config, s *gateway.Settings) (*Trust, error) {
	t := &Trust{V1: c.V1(), Chain: s.ValidateChain, Name: s.ValidateSNI}
	if t.V1 {
		leaves, err := parseAll(c.AuthenticationCertificates, s.AuthCertificates)
		for _, l := range leaves {
			t.Leaves = append(t.Leaves, l.Raw)
		}
		t.raw = t.Leaves
		return t, err
	}
	roots, err := parseAll(c.TrustedRootCertificates, s.TrustedRoots)
	if err != nil || len(s.TrustedRoots) == 0 {
		return t, err
	}
	t.Roots = x509.NewCertPool()
	for _, r := range roots {
		t.raw = append(t.raw, r.Raw)
		t.Roots.AddCert(r)
	}
	return t, nil
}

// Config is the client side of TLS towards a server that shall present a certificate for name. An empty name sends no
// SNI and leaves nothing to compare: the chain alone decides.
func (t *Trust) Config(name string) *tls.Config {
	return &tls.Config{
		ServerName:         name,
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection checks instead: chain and name have a switch each
		VerifyConnection:   func(s tls.ConnectionState) error { return t.verify(s.PeerCertificates, name) },
		ClientSessionCache: tls.NewLRUClientSessionCache(64),
	}
}

// errNoLeaf is met when a server presents nothing.
var errNoLeaf = errors.New("the server presented no certificate")

// verify judges a chain as presented. Its error is a *tls.CertificateVerificationError.
func (t *Trust) verify(chain []*x509.Certificate, name string) error {
	err := t.judge(chain, name)
	if err == nil {
		return nil
	}
	return &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}
}

func (t *Trust) judge(chain []*x509.Certificate, name string) error {
	if len(chain) == 0 {
		return errNoLeaf
	}
	leaf := chain[0]
	if t.V1 {
		return t.judgeV1(leaf)
	}
	if t.Chain {
		opts := x509.VerifyOptions{Roots: t.Roots, Intermediates: x509.NewCertPool(), CurrentTime: time.Now()}
		for _, c := range chain[1:] {
			opts.Intermediates.AddCert(c)
		}
		if _, err := leaf.Verify(opts); err != nil {
			return err
		}
	}
	if t.Name && name != "" {
		return leaf.VerifyHostname(name)
	}
	return nil
}

// judgeV1 accepts exactly the leaves that were uploaded, while they are valid.
func (t *Trust) judgeV1(leaf *x509.Certificate) error {
	if now := time.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return x509.CertificateInvalidError{Cert: leaf, Reason: x509.Expired}
	}
	for _, l := range t.Leaves {
		if bytes.Equal(l, leaf.Raw) {
			return nil
		}
	}
	return x509.UnknownAuthorityError{Cert: leaf}
}

// Fingerprint is equal for two Trusts that judge alike.
func (t *Trust) Fingerprint() string {
	h := sha256.New()
	fmt.Fprint(h, t.V1, t.Chain, t.Name, t.Roots != nil)
	for _, raw := range t.raw {
		h.Write(raw)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
