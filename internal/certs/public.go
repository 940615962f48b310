package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"causeway/internal/gateway"
)

// Parse reads the certificates in data: PEM, DER, or base64 of either, as documents have them.
func Parse(data []byte) ([]*x509.Certificate, error) {
	if len(data) == 0 {
		return nil, errors.New("it is empty")
	}
	if certs, err := x509.ParseCertificates(data); err == nil && len(certs) > 0 { // before any white space is cut: DER may end with it
		return certs, nil
	}
	if block, _ := pem.Decode(data); block != nil {
		return parsePEM(data)
	}
	data = bytes.TrimSpace(data)
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(data)))
	n, err := base64.StdEncoding.Decode(raw, bytes.ReplaceAll(data, []byte("\n"), nil))
	if err != nil || n == 0 || n >= len(data) {
		return nil, errors.New("it is neither PEM nor DER nor base64 of one of them")
	}
	return Parse(raw[:n])
}

func parsePEM(data []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, errors.New("it holds no certificate")
	}
	return out, nil
}

// parseAll reads certificates of the document by name.
func parseAll(list []gateway.PublicCertificate, names []string) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for _, name := range names {
		for i := range list {
			if !strings.EqualFold(list[i].Name, name) {
				continue
			}
			c, err := Parse(list[i].Data)
			if err != nil {
				return nil, fmt.Errorf("read certificate %q: %w", name, err)
			}
			out = append(out, c...)
		}
	}
	return out, nil
}
