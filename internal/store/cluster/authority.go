// Package cluster makes the certificates with which the nodes of a cluster know each other, and the invitations to join one.
package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Authority signs the certificates of the nodes.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Lifetimes of certificates. A node renews its own when a third is left.
const (
	authorityLife = 20 * 365 * 24 * time.Hour
	nodeLife      = 365 * 24 * time.Hour
	skew          = time.Hour // clocks may differ by
)

// NewAuthority makes an authority of a name, which people see in the certificate.
func NewAuthority(name string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of the authority: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make the certificate of the authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return &Authority{cert, key}, err
}

func serial() *big.Int {
	raw := make([]byte, 16)
	rand.Read(raw)
	raw[0] &= 0x7f // RFC 5280 4.1.2.2: positive
	return new(big.Int).SetBytes(raw)
}

// PEM is the certificate and the private key, in one text.
func (a *Authority) PEM() ([]byte, error) {
	key, err := keyPEM(a.key)
	return append(a.Cert(), key...), err
}

// Cert is the certificate in PEM.
func (a *Authority) Cert() []byte { return certPEM(a.cert.Raw) }

// Fingerprint is the SHA-256 of the certificate.
func (a *Authority) Fingerprint() [32]byte { return sha256.Sum256(a.cert.Raw) }

// ParseAuthority reads what PEM wrote.
func ParseAuthority(text []byte) (*Authority, error) {
	a := &Authority{}
	for len(text) > 0 {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		var err error
		switch block.Type {
		case certType:
			a.cert, err = x509.ParseCertificate(block.Bytes)
		case keyType:
			a.key, err = x509.ParseECPrivateKey(block.Bytes)
		}
		if err != nil {
			return nil, fmt.Errorf("the authority of the cluster: %w", err)
		}
	}
	if a.cert == nil || a.key == nil {
		return nil, errors.New("the authority of the cluster: a certificate or a key is missing")
	}
	return a, nil
}

// Sign makes the certificate of a node out of its request. Of the request it takes the public key alone: whoever calls says
// which name and hosts the node has.
func (a *Authority) Sign(request []byte, name string, hosts []string, now time.Time) ([]byte, error) {
	csr, err := x509.ParseCertificateRequest(request)
	if err == nil {
		err = csr.CheckSignature()
	}
	if err != nil {
		return nil, fmt.Errorf("the request for a certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-skew),
		NotAfter:     now.Add(nodeLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, csr.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate of node %s: %w", name, err)
	}
	return certPEM(der), nil
}

// Revoke is the list of certificates that are valid no longer, in DER: by their serial numbers in hexadecimal.
func (a *Authority) Revoke(serials []string, now time.Time) ([]byte, error) {
	list := &x509.RevocationList{Number: big.NewInt(now.UnixNano()), ThisUpdate: now, NextUpdate: now.Add(authorityLife)}
	for _, s := range serials {
		n, ok := new(big.Int).SetString(s, 16)
		if !ok {
			return nil, fmt.Errorf("the serial number %q of a certificate is not hexadecimal", s)
		}
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: n, RevocationTime: now})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.cert, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign the list of revoked certificates: %w", err)
	}
	return der, nil
}

// Serial is the serial number of a certificate in PEM, in hexadecimal.
func Serial(text []byte) (string, error) {
	cert, err := parseCert(text)
	if err != nil {
		return "", err
	}
	return cert.SerialNumber.Text(16), nil
}

func parseCert(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != certType {
		return nil, errors.New("the certificate of the node: this is no certificate in PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the certificate of the node: %w", err)
	}
	return cert, nil
}

// Request makes the private key of a node, in PEM, and the request for its certificate, in DER.
func Request(name string) (key, request []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make the TLS key of the node: %w", err)
	}
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}
	if request, err = x509.CreateCertificateRequest(rand.Reader, template, private); err != nil {
		return nil, nil, fmt.Errorf("make the request for a certificate: %w", err)
	}
	key, err = keyPEM(private)
	return key, request, err
}

// Due reports whether less than a third of a certificate's life is left.
func Due(text []byte, now time.Time) (bool, error) {
	cert, err := parseCert(text)
	if err != nil {
		return false, err
	}
	return cert.NotAfter.Sub(now) < cert.NotAfter.Sub(cert.NotBefore)/3, nil
}

const (
	certType = "CERTIFICATE"
	keyType  = "EC PRIVATE KEY"
)

func certPEM(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: certType, Bytes: der}) }

func keyPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("write a private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: keyType, Bytes: der}), nil
}
