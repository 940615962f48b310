package certs

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"causeway/internal/gateway"
)

// soon is how long before its end a certificate is warned about.
const soon = 14 * 24 * time.Hour

// Check loads every certificate that a listener uses, from the files of causeway.yaml or from the document, and says
// which cannot be served (errors) and which have expired or soon will have (warnings: Azure serves them on).
// Certificates without a key are the business of gateway/validate.
func Check(c *gateway.Config, local gateway.Local, now time.Time) []gateway.Problem {
	var problems []gateway.Problem
	seen := map[string]bool{}
	for _, l := range c.Listeners {
		cert := c.SSLCertificate(l.SSLCertificate)
		if !l.HTTPS() || cert == nil || seen[cert.Name] {
			continue
		}
		seen[cert.Name] = true
		if p, bad := check(cert, local.Certificates, now); bad {
			problems = append(problems, p)
		}
	}
	return problems
}

func check(c *gateway.SSLCertificate, files map[string]gateway.KeyPair, now time.Time) (p gateway.Problem, bad bool) {
	f, named := find(files, c.Name)
	p = gateway.Problem{Path: placeOf(c.Name, named), Severity: gateway.Warning}
	pair, err := KeyPair(c, files)
	switch {
	case errors.Is(err, ErrNoKey):
		return p, false
	case err != nil:
		p.Severity, p.Code, p.Hint = gateway.Error, "InvalidCertificate", loadHint(f, named, err)
		p.Message = errors.Unwrap(err).Error() // the path names the certificate already
		return p, true
	}
	return age(p, pair, now)
}

// age warns about the end of a certificate.
func age(p gateway.Problem, pair *tls.Certificate, now time.Time) (gateway.Problem, bool) {
	end := pair.Leaf.NotAfter.UTC()
	p.Hint = "renew it; a reload (SIGHUP) takes the new files without a failed request"
	switch {
	case now.After(end):
		p.Code, p.Message = "CertificateExpired", "it expired at "+end.Format(time.RFC3339)+"; clients refuse it"
	case end.Sub(now) < soon:
		p.Code, p.Message = "CertificateExpiresSoon", "it expires at "+end.Format(time.RFC3339)
	default:
		return p, false
	}
	return p, true
}

// placeOf is where the certificate comes from: an entry of causeway.yaml, or of the document.
func placeOf(name string, local bool) string {
	if local {
		return "certificates[" + strconv.Quote(name) + "]"
	}
	return "sslCertificates[" + strconv.Quote(name) + "]"
}

// loadHint says what to do about a pair that cannot be loaded. crypto/tls tells apart by text alone.
func loadHint(f gateway.KeyPair, named bool, err error) string {
	text := err.Error()
	var bad *PFXError
	switch {
	case errors.As(err, &bad):
		return bad.Hint()
	case errors.Is(err, fs.ErrNotExist):
		return "check the name; a path that is not absolute starts at the folder of causeway.yaml"
	case errors.Is(err, fs.ErrPermission):
		return "let the user that runs the gateway read it"
	case !named:
		return "check data and password in the document, or name its files under certificates in causeway.yaml"
	case strings.Contains(text, "does not match"):
		return fmt.Sprintf("%s is the key of another certificate: give the one that %s was made with", f.Key, f.Cert)
	case strings.Contains(text, "PEM inputs may have been switched"), strings.Contains(text, "found a certificate rather than a key"):
		return "cert and key are swapped: cert names the file with the certificate, key the one with the private key"
	}
	return "both files must be PEM: cert the certificate and its chain, leaf first; key its private key without a passphrase"
}
