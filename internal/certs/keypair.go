// Package certs turns the certificates and TLS policies of a gateway document into what crypto/tls uses: key pairs for
// listeners, versions and suites of a policy, and the checks that a gateway makes of its backends' certificates.
package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"causeway/internal/gateway"
)

// ErrNoKey is returned for a certificate whose key is neither in the document nor in causeway.yaml. Exports of a
// gateway never carry keys.
var ErrNoKey = errors.New("the document holds no key for it; name its files under certificates in causeway.yaml")

// KeyPair loads the certificate and key of a listener: from the files that causeway.yaml names, else from the document.
func KeyPair(c *gateway.SSLCertificate, files map[string]gateway.KeyPair) (*tls.Certificate, error) {
	pair, err := load(c, files)
	if err != nil {
		return nil, fmt.Errorf("load certificate %q: %w", c.Name, err)
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, fmt.Errorf("load certificate %q: %w", c.Name, err)
		}
	}
	return pair, nil
}

func load(c *gateway.SSLCertificate, files map[string]gateway.KeyPair) (*tls.Certificate, error) {
	f, named := find(files, c.Name)
	switch {
	case named && f.PFX != "":
		data, err := os.ReadFile(f.PFX)
		if err != nil {
			return nil, err
		}
		return fromFile(f.PFX, data, f.Password)
	case named:
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		return &pair, err
	case len(c.Data) > 0:
		return FromPFX(c.Data, c.Password)
	}
	return nil, ErrNoKey
}

// fromFile is FromPFX with the name of the file in its error.
func fromFile(name string, data []byte, password string) (*tls.Certificate, error) {
	pair, err := FromPFX(data, password)
	var bad *PFXError
	if errors.As(err, &bad) {
		bad.File = name
	}
	return pair, err
}

// find looks a certificate up as Azure compares names: in any case.
func find(files map[string]gateway.KeyPair, name string) (gateway.KeyPair, bool) {
	if f, ok := files[name]; ok {
		return f, true
	}
	for n, f := range files {
		if strings.EqualFold(n, name) {
			return f, true
		}
	}
	return gateway.KeyPair{}, false
}
