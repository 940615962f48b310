package certs

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
)

// certificateOf is the certificate that belongs to a private key; of several the one that lasts longest.
func certificateOf(key any, from []*x509.Certificate) *x509.Certificate {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return nil
	}
	var best *x509.Certificate
	for _, c := range from {
		if public.Equal(c.PublicKey) && (best == nil || c.NotAfter.After(best.NotAfter)) {
			best = c
		}
	}
	return best
}

// chainOf is the leaf with those that issued it, from one to the next, as far as they are there (RFC 8446, 4.4.2). Others
// are no part of it: clients have no use for them.
func chainOf(leaf *x509.Certificate, from []*x509.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{leaf}
	for len(chain) <= len(from) {
		last := chain[len(chain)-1]
		if bytes.Equal(last.RawIssuer, last.RawSubject) {
			return chain
		}
		next := issuerOf(last, from)
		if next == nil {
			return chain
		}
		chain = append(chain, next)
	}
	return chain
}

// issuerOf is the authority that signed a certificate; of several, as after a renewal, the one that lasts longest.
func issuerOf(c *x509.Certificate, from []*x509.Certificate) *x509.Certificate {
	var best *x509.Certificate
	for _, a := range from {
		if !bytes.Equal(c.RawIssuer, a.RawSubject) || bytes.Equal(c.Raw, a.Raw) {
			continue
		}
		err := c.CheckSignatureFrom(a)
		var weak x509.InsecureAlgorithmError // of a signature that Go does not check; clients judge it
		if err != nil && !errors.As(err, &weak) {
			continue
		}
		if best == nil || a.NotAfter.After(best.NotAfter) {
			best = a
		}
	}
	return best
}
