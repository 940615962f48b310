package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"causeway/internal/certs/certstest"
	"causeway/internal/gateway"
)

func TestKeyPairs(t *testing.T) {
	ca := certstest.NewAuthority(t, "CA")
	middle := ca.Intermediate("Middle")
	pair := middle.Leaf("shop.example")
	pfx, err := pkcs12.Modern.Encode(pair.PrivateKey, pair.Leaf, []*x509.Certificate{middle.Cert}, "secret")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert, key := certstest.PEM(t, pair)
	f := func(what string, c gateway.SSLCertificate, files map[string]gateway.KeyPair, want string) {
		t.Helper()
		c.Name = "shop"
		got, err := KeyPair(&c, files)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"shop"`) {
				t.Errorf("%s: %v, want %s", what, err, want)
			}
			return
		}
		if err != nil || got.Leaf == nil || got.Leaf.DNSNames[0] != "shop.example" || len(got.Certificate) != 2 {
			t.Errorf("%s: %v", what, err)
		}
	}
	files := func(k gateway.KeyPair) map[string]gateway.KeyPair { return map[string]gateway.KeyPair{"shop": k} }
	f("PFX in the document", gateway.SSLCertificate{Data: pfx, Password: "secret"}, nil, "")
	f("PFX with another password", gateway.SSLCertificate{Data: pfx, Password: "other"}, nil, "read PFX")
	f("PFX that is none", gateway.SSLCertificate{Data: []byte("x"), Password: "other"}, nil, "read PFX")
	f("PFX file", gateway.SSLCertificate{}, files(gateway.KeyPair{PFX: put("a.pfx", pfx), Password: "secret"}), "")
	f("PEM files", gateway.SSLCertificate{}, files(gateway.KeyPair{Cert: put("c.pem", cert), Key: put("k.pem", key)}), "")
	f("files win", gateway.SSLCertificate{Data: []byte("x")}, files(gateway.KeyPair{PFX: put("a.pfx", pfx), Password: "secret"}), "")
	f("no such file", gateway.SSLCertificate{}, files(gateway.KeyPair{PFX: filepath.Join(dir, "none")}), "no such file")
	f("key of another", gateway.SSLCertificate{}, files(gateway.KeyPair{
		Cert: put("c.pem", cert),
		Key:  put("o.pem", second(certstest.PEM(t, ca.Leaf("x")))),
	}), "private key")
	f("neither", gateway.SSLCertificate{KeyVaultSecretID: "https://vault/secret"}, nil, "causeway.yaml")
	if _, err := KeyPair(&gateway.SSLCertificate{Name: "shop"}, nil); !errors.Is(err, ErrNoKey) {
		t.Error(err)
	}
}

func second(_, b []byte) []byte { return b }

// Documents hold certificates in several dresses.
func TestParse(t *testing.T) {
	root := certstest.NewAuthority(t, "CA").Cert
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})
	base := base64.StdEncoding.EncodeToString(root.Raw)
	f := func(what string, data []byte, n int) {
		t.Helper()
		got, err := Parse(data)
		if len(got) != n || (err == nil) != (n > 0) {
			t.Errorf("%s: %d certificates, %v", what, len(got), err)
		}
		if n > 0 && !got[0].Equal(root) {
			t.Errorf("%s: another certificate", what)
		}
	}
	f("DER", root.Raw, 1)
	f("PEM", block, 1)
	f("two in PEM", append(slices.Clone(block), block...), 2)
	f("base64 of DER", []byte(base), 1)
	f("base64 in lines", []byte(base[:64]+"\n"+base[64:]+"\n"), 1)
	f("base64 in CRLF lines", []byte(base[:64]+"\r\n"+base[64:]), 1)
	f("base64 of PEM", []byte(base64.StdEncoding.EncodeToString(block)), 1)
	f("nothing", nil, 0)
	f("nonsense", []byte("not a certificate"), 0)
	f("a key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}), 0)
	f("a broken one", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), 0)
}

// A signature ends with any byte, white space too.
func TestParseDERThatEndsInWhiteSpace(t *testing.T) {
	ca := certstest.NewAuthority(t, "CA")
	for range 5000 {
		leaf := ca.Leaf("a.example").Leaf
		if last := leaf.Raw[len(leaf.Raw)-1]; last != ' ' && last != '\n' {
			continue
		}
		if _, err := Parse(leaf.Raw); err != nil {
			t.Error(err)
		}
		return
	}
	t.Fatal("no such certificate came up")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte("MIIB"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := Parse(data); err == nil && len(got) == 0 {
			t.Error("neither a certificate nor an error")
		}
	})
}

func TestPolicies(t *testing.T) {
	f := func(p gateway.SSLPolicy, v1 bool, low, high uint16, has, lacks uint16) {
		t.Helper()
		got := PolicyOf(p, v1)
		if got.Min != low || got.Max != high {
			t.Errorf("%+v: versions %x to %x", p, got.Min, got.Max)
		}
		if has != 0 && !slices.Contains(got.Suites, has) || slices.Contains(got.Suites, lacks) {
			t.Errorf("%+v: suites %x", p, got.Suites)
		}
	}
	const gcm, cbc, rsa = tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
		tls.TLS_RSA_WITH_AES_128_GCM_SHA256
	named := func(n string) gateway.SSLPolicy { return gateway.SSLPolicy{Type: "Predefined", Name: n} }
	f(gateway.SSLPolicy{}, false, tls.VersionTLS12, tls.VersionTLS13, gcm, rsa)
	f(gateway.SSLPolicy{}, true, tls.VersionTLS12, tls.VersionTLS12, rsa, 0)
	f(named("AppGwSslPolicy20220101"), false, tls.VersionTLS12, tls.VersionTLS13, cbc, rsa)
	f(named("AppGwSslPolicy20220101S"), false, tls.VersionTLS12, tls.VersionTLS13, gcm, cbc)
	f(named("AppGwSslPolicy20170401"), false, tls.VersionTLS12, tls.VersionTLS12, rsa, cbc)
	f(named("AppGwSslPolicy20170401S"), false, tls.VersionTLS12, tls.VersionTLS12, rsa, cbc)
	f(named("AppGwSslPolicy20150501"), false, tls.VersionTLS12, tls.VersionTLS12, cbc, 0) // 1.0 and 1.1 are gone
	f(gateway.SSLPolicy{Type: "Custom", MinVersion: "TLSv1_0", CipherSuites: []string{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"}}, false,
		tls.VersionTLS12, tls.VersionTLS12, gcm, cbc)
	f(gateway.SSLPolicy{Type: "CustomV2", MinVersion: "TLSv1_3"}, false, tls.VersionTLS13, tls.VersionTLS13, 0, gcm)
	missing := PolicyOf(gateway.SSLPolicy{Type: "Custom", CipherSuites: []string{"TLS_DHE_RSA_WITH_AES_128_CBC_SHA"}}, false).Missing
	if len(missing) != 1 {
		t.Errorf("%v", missing)
	}
}

func TestNamesInTheLog(t *testing.T) {
	for id, want := range map[uint16]string{
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:       "ECDHE-RSA-AES256-GCM-SHA384",
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256:     "ECDHE-ECDSA-AES128-SHA256",
		tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA:          "ECDHE-RSA-AES128-SHA",
		tls.TLS_RSA_WITH_AES_128_GCM_SHA256:             "AES128-GCM-SHA256",
		tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
		tls.TLS_AES_128_GCM_SHA256:                      "TLS_AES_128_GCM_SHA256",
	} {
		if got := SuiteName(id); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for v, want := range map[uint16]string{
		tls.VersionTLS10: "TLSv1", tls.VersionTLS11: "TLSv1.1", tls.VersionTLS12: "TLSv1.2",
		tls.VersionTLS13: "TLSv1.3", 0: "",
	} {
		if got := VersionName(v); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Trusts that judge alike have one fingerprint, others have others: connections are shared by it.
func TestFingerprints(t *testing.T) {
	root := certstest.NewAuthority(t, "CA").Cert
	c := &gateway.Config{
		SKU:                     gateway.SKU{Tier: "Standard_v2"},
		TrustedRootCertificates: []gateway.PublicCertificate{{Name: "Root", Data: root.Raw}, {Name: "bad", Data: []byte("x")}},
	}
	seen := map[string]bool{}
	for _, s := range []gateway.Settings{{}, {ValidateChain: true}, {ValidateSNI: true}, {TrustedRoots: []string{"Root"}}} {
		t.Run(s.Name, func(t *testing.T) {
			a, err := TrustOf(c, &s)
			b, _ := TrustOf(c, &s)
			if err != nil || a.Fingerprint() != b.Fingerprint() || seen[a.Fingerprint()] {
				t.Errorf("%+v: %v", s, err)
			}
			seen[a.Fingerprint()] = true
		})
	}
	if _, err := TrustOf(c, &gateway.Settings{TrustedRoots: []string{"bad"}}); err == nil || !strings.Contains(err.Error(), `"bad"`) {
		t.Error(err)
	}
	if trust, err := TrustOf(c, &gateway.Settings{TrustedRoots: []string{"root"}}); err != nil || trust.Roots == nil ||
		len(trust.raw) != 1 {
		t.Errorf("names are compared as Azure does, in any case: %v", err)
	}
}
