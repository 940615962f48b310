package certs

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/internal/certs/certstest"
	"causeway/internal/gateway"
)

func TestCheck(t *testing.T) {
	now, dir := time.Now(), t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ending := func(in time.Duration) gateway.KeyPair {
		cert, key := certstest.PEM(t, certstest.SelfSigned(t, "www", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = now.Add(-48*time.Hour), now.Add(in)
		}))
		return gateway.KeyPair{Cert: file(in.String()+".pem", cert), Key: file(in.String()+".key", key)}
	}
	cfg := &gateway.Config{
		SSLCertificates: []gateway.SSLCertificate{{Name: "www"}, {Name: "unused"}},
		Listeners: []gateway.Listener{
			{Name: "a", Protocol: "Https", SSLCertificate: "www"},
			{Name: "b", Protocol: "Https", SSLCertificate: "www"},
		},
	}
	f := func(pair gateway.KeyPair, want ...string) {
		t.Helper()
		problems := Check(cfg, gateway.Local{Certificates: map[string]gateway.KeyPair{"WWW": pair}}, now)
		if len(want) == 0 {
			if len(problems) > 0 {
				t.Errorf("%v, want nothing", problems)
			}
			return
		}
		if len(problems) != 1 {
			t.Fatalf("%v, want one problem", problems)
		}
		text := problems[0].String() + "\n" + problems[0].Hint
		for _, w := range append(want, `certificates["www"]`) {
			if !strings.Contains(text, w) {
				t.Errorf("%s\nlacks %s", text, w)
			}
		}
	}
	year, other := ending(365*24*time.Hour), ending(366*24*time.Hour)
	f(year)
	f(ending(15 * 24 * time.Hour))
	f(ending(13*24*time.Hour), "warning", "CertificateExpiresSoon")
	f(ending(-time.Hour), "warning", "CertificateExpired", "renew")
	f(gateway.KeyPair{Cert: year.Cert, Key: other.Key}, "error", "InvalidCertificate", other.Key+" is the key of another certificate")
	f(gateway.KeyPair{Cert: year.Key, Key: year.Cert}, "error", "are swapped")
	f(gateway.KeyPair{Cert: year.Cert, Key: year.Cert}, "error", "are swapped")
	f(gateway.KeyPair{Cert: year.Cert, Key: filepath.Join(dir, "none.key")}, "error", "none.key", "check the name")
	f(gateway.KeyPair{Cert: year.Cert, Key: file("junk", []byte("junk"))}, "error", "PEM")
	f(gateway.KeyPair{PFX: year.Cert}, "error", "PKCS #12")

	if problems := Check(cfg, gateway.Local{}, now); len(problems) > 0 {
		t.Errorf("a certificate that has no key anywhere: %v", problems)
	}
	cfg.SSLCertificates[0].Data = []byte("junk")
	problems := Check(cfg, gateway.Local{}, now)
	if len(problems) != 1 || problems[0].Path != `sslCertificates["www"]` || !strings.Contains(problems[0].Hint, "password") {
		t.Errorf("%v", problems)
	}
}
