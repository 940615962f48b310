package lab

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"time"
)

// keyBits is the size of the gateway's RSA key, the usual one.
const keyBits = 2048

// certify gives the site a certificate with an RSA key, as most gateways have one, and returns what its clients trust.
func (w *workbench) certify() (*tls.Config, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("make the gateway's key: %w", err)
	}
	name := w.site.Name + ".example"
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		DNSNames:     []string{name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(90 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make the gateway's certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make the gateway's certificate: %w", err)
	}
	w.site.Cert, w.site.Key = w.path("cert.pem"), w.path("key.pem")
	for path, block := range map[string]*pem.Block{
		w.site.Cert: {Type: "CERTIFICATE", Bytes: der},
		w.site.Key:  {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			return nil, fmt.Errorf("write the gateway's certificate: %w", err)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return &tls.Config{RootCAs: roots, ServerName: name}, nil
}
