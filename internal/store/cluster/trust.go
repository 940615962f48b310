package cluster

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
)

// ErrStranger is returned for a server that the authority of a token did not sign.
var ErrStranger = errors.New("whoever answers there is not of the cluster that the token is from")

// Trust is how a client knows the member that its token names: by the authority in the chain, whose fingerprint the token
// has. The member sends that certificate behind its own.
func (t Token) Trust() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // VerifyConnection does it, with an authority that is known by its fingerprint alone
		VerifyConnection:   t.verify,
	}
}

func (t Token) verify(state tls.ConnectionState) error {
	roots := x509.NewCertPool()
	found := false
	for _, c := range state.PeerCertificates[1:] {
		if sha256.Sum256(c.Raw) == t.Fingerprint {
			roots.AddCert(c)
			found = true
		}
	}
	if !found {
		return ErrStranger
	}
	host, _, err := net.SplitHostPort(t.Address)
	if err != nil {
		return err
	}
	_, err = state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: host})
	if err != nil {
		return errors.Join(ErrStranger, err)
	}
	return nil
}
