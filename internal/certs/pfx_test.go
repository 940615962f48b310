package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"causeway/internal/certs/certstest"
	"causeway/internal/gateway"
)

// store holds the files of one test.
type store struct {
	testing.TB
	dir  string
	pair *tls.Certificate // of shop.example, under an intermediate authority
}

func newStore(t testing.TB) store {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("openssl is not installed; make packages installs it")
	}
	s := store{t, t.TempDir(), certstest.NewAuthority(t, "Harbour Root").Intermediate("Harbour Issuing").Leaf("shop.example")}
	cert, key := certstest.PEM(t, s.pair)
	s.put("cert.pem", cert)
	s.put("key.pem", key)
	return s
}

func (s store) put(name string, data []byte) string {
	s.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.Fatal(err)
	}
	return path
}

// sh runs a command in the folder.
func (s store) sh(command string) {
	s.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		s.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// export makes a PFX with openssl.
func (s store) export(name, options string) string {
	s.Helper()
	s.sh("openssl pkcs12 -export -inkey key.pem -in cert.pem -passout pass:secret -out " + shellWord(name) + " " + options)
	return filepath.Join(s.dir, name)
}

// Files that other programs make and read are reported with the command that rewrites them, and the command works.
func TestPFXThatIsNotRead(t *testing.T) {
	s := newStore(t)
	f := func(path, password, want string) {
		t.Helper()
		_, err := KeyPair(&gateway.SSLCertificate{Name: "shop"}, map[string]gateway.KeyPair{"shop": {PFX: path, Password: password}})
		var bad *PFXError
		if !errors.As(err, &bad) || !strings.Contains(bad.Problem, want) || !strings.Contains(err.Error(), path) ||
			!strings.Contains(bad.Hint(), "openssl pkcs12 -in ") {
			t.Errorf("%s: got %v, want %s and a command", path, err, want)
			return
		}
		command := strings.NewReplacer(" -nodes ", " -nodes -passin 'pass:"+password+"' ", " -export ",
			" -export -passout pass:fresh ").Replace(strings.TrimPrefix(bad.Hint(), "rewrite it: "))
		s.sh(command)
		fresh := strings.TrimSuffix(path, ".pfx") + ".new.pfx"
		pair, err := KeyPair(&gateway.SSLCertificate{Name: "shop"}, map[string]gateway.KeyPair{"shop": {PFX: fresh, Password: "fresh"}})
		if err != nil || len(pair.Certificate) != 2 || pair.Leaf.DNSNames[0] != "shop.example" {
			t.Errorf("%s, rewritten by %s: %v", path, command, err)
		}
		if left, _ := filepath.Glob(filepath.Join(s.dir, "*.new.pem")); len(left) > 0 {
			t.Errorf("%s leaves the key unencrypted in %s", command, left)
		}
	}
	const cipher = "it has a form or a cipher that is not read: "
	f(s.export("camellia.pfx", "-certpbe camellia-256-cbc -keypbe camellia-256-cbc"), "secret", cipher+"pbes2 algorithm")
	f(s.export("aria.pfx", "-certpbe AES-256-CBC -keypbe aria-256-cbc"), "secret", cipher)
	f(s.export("name with 'quotes'.pfx", "-macalg sha384"), "secret", cipher+"MAC digest algorithm")
	f(s.export("rc4.pfx", "-legacy -certpbe PBE-SHA1-RC4-128 -keypbe PBE-SHA1-3DES"), "secret", cipher+"pbe algorithm")
	f(s.export("nomac.pfx", "-nomac"), "secret", "no MAC")

	der, err := os.ReadFile(s.export("der.pfx", ""))
	if err != nil {
		t.Fatal(err)
	}
	f(s.put("ber.pfx", inBER(der)), "secret", "BER")
	old, err := os.ReadFile(s.export("old-der.pfx", "-legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES -macalg sha1"))
	if err != nil {
		t.Fatal(err)
	}
	f(s.put("old-ber.pfx", inBER(old)), "secret", "BER")
	f(s.put("three.pfx", withSafes(t, encodeOpen(t, s.pair), emptySafe(t))), "", "but this file has 3")
}

// Two keys in one file are for people to choose from.
func TestPFXWithTwoKeys(t *testing.T) {
	root := certstest.NewAuthority(t, "Harbour Root")
	two := joinSafes(t, encodeOpen(t, root.Leaf("shop.example")), encodeOpen(t, root.Leaf("office.example")))
	_, err := FromPFX(two, "")
	var bad *PFXError
	if !errors.As(err, &bad) || !strings.Contains(bad.Problem, "more than one private key") ||
		!strings.Contains(bad.Hint(), "keep one private key") || !strings.Contains(bad.Hint(), "base64 -d") {
		t.Errorf("got %v", err)
	}
}

// What is no PFX is not answered with a command that could not work either.
func TestWhatIsNoPFX(t *testing.T) {
	pair := certstest.NewAuthority(t, "Harbour Root").Leaf("shop.example")
	cert, key := certstest.PEM(t, pair)
	pfx, err := pkcs12.Modern.Encode(pair.PrivateKey, pair.Leaf, nil, "secret")
	if err != nil {
		t.Fatal(err)
	}
	f := func(what string, data []byte, want, hint string) {
		t.Helper()
		_, err := FromPFX(data, "secret")
		var bad *PFXError
		if !errors.As(err, &bad) || !strings.Contains(bad.Problem, want) || !strings.Contains(bad.Hint(), hint) ||
			strings.Contains(bad.Hint(), "openssl") {
			t.Errorf("%s: got %v, want %s; hint %s", what, err, want, hint)
		}
	}
	f("nothing", nil, "empty", "check data")
	f("PEM", append(cert, key...), "it is PEM", "under cert")
	f("a certificate", pair.Leaf.Raw, "not a PKCS #12 file", "check data")
	f("a page", []byte("<html>"), "not a PKCS #12 file", "check data")
	f("half of it", pfx[:len(pfx)/2], "cut short", "check data")
	f("half of it in BER", inBER(pfx)[:len(pfx)/2], "cut short", "check data")
	other, err := pkcs12.Modern.Encode(pair.PrivateKey, pair.Leaf, nil, "other")
	if err != nil {
		t.Fatal(err)
	}
	f("another password", other, "the password is not the one", "password")
	if _, err := FromPFX(append(pfx, '\n'), "secret"); err != nil {
		t.Errorf("what follows the file does no harm: %v", err)
	}
	deep := bytes.Repeat([]byte{0x30, 0x80}, 100000)
	f("a bottomless pit", deep, "cut short", "check data")
}

// The certificate is that of the key, and clients get its chain alone, whatever else lies in the file and in which order.
func TestChainOfAPFX(t *testing.T) {
	root := certstest.NewAuthority(t, "Harbour Root")
	upper := root.Intermediate("Harbour Upper")
	lower := upper.Intermediate("Harbour Lower")
	stranger := certstest.NewAuthority(t, "Stranger")
	sameName := certstest.NewAuthority(t, "Harbour Lower") // its name, another key
	leaf := lower.Leaf("shop.example")
	f := func(what string, first *x509.Certificate, others []*x509.Certificate, want ...*x509.Certificate) {
		t.Helper()
		data, err := pkcs12.Modern.Encode(leaf.PrivateKey, first, others, "secret")
		if err != nil {
			t.Fatal(err)
		}
		pair, err := FromPFX(data, "secret")
		if err != nil || len(pair.Certificate) != len(want) || !pair.Leaf.Equal(want[0]) {
			t.Errorf("%s: %v %+v", what, err, pair)
			return
		}
		for i, c := range want {
			if !bytes.Equal(pair.Certificate[i], c.Raw) {
				t.Errorf("%s: certificate %d is another one", what, i)
			}
		}
	}
	list := func(c ...*x509.Certificate) []*x509.Certificate { return c }
	f("in order", leaf.Leaf, list(lower.Cert, upper.Cert, root.Cert), leaf.Leaf, lower.Cert, upper.Cert, root.Cert)
	f("out of order", leaf.Leaf, list(root.Cert, upper.Cert, lower.Cert), leaf.Leaf, lower.Cert, upper.Cert, root.Cert)
	f("an authority first", root.Cert, list(lower.Cert, leaf.Leaf, upper.Cert), leaf.Leaf, lower.Cert, upper.Cert, root.Cert)
	f("authorities of others", leaf.Leaf, list(stranger.Cert, lower.Cert, sameName.Cert, stranger.Leaf("x").Leaf), leaf.Leaf, lower.Cert)
	f("a gap", leaf.Leaf, list(root.Cert, upper.Cert), leaf.Leaf)
	f("alone", leaf.Leaf, nil, leaf.Leaf)

	data, err := pkcs12.Modern.Encode(leaf.PrivateKey, lower.Cert, list(stranger.Cert), "secret")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FromPFX(data, "secret"); err == nil ||
		!strings.Contains(err.Error(), "none of its certificates belongs to its private key") {
		t.Errorf("a key without its certificate: %v", err)
	}
}

func FuzzPFX(f *testing.F) {
	pair := certstest.NewAuthority(f, "Harbour Root").Leaf("shop.example")
	data, err := pkcs12.Passwordless.Encode(pair.PrivateKey, pair.Leaf, nil, "")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(inBER(data))
	f.Fuzz(func(t *testing.T, data []byte) {
		pair, err := FromPFX(data, "")
		var bad *PFXError
		if err == nil && pair.Leaf == nil || err != nil && (!errors.As(err, &bad) || bad.Hint() == "") {
			t.Errorf("%v %v", pair, err)
		}
	})
}

// inBER writes DER as NSS does: everything that has parts with an indefinite length, the content in pieces.
func inBER(der []byte) []byte {
	var out []byte
	for len(der) > 0 {
		e := scanElement(der, 0)
		body := der[e.head:e.length]
		switch {
		case der[0]&0x20 != 0:
			out = append(append(append(out, der[0], 0x80), inBER(body)...), 0, 0)
		case der[0] == 4 && len(body) > 1000:
			out = append(out, 0x24, 0x80)
			for len(body) > 0 {
				n := min(len(body), 100)
				out = append(append(out, 4, byte(n)), body[:n]...)
				body = body[n:]
			}
			out = append(out, 0, 0)
		default:
			out = append(out, der[:e.length]...)
		}
		der = der[e.length:]
	}
	return out
}

// The outer parts of a PFX without a MAC, RFC 7292 4.
type (
	openPFX struct {
		Version int
		Safes   contentInfo
	}
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"tag:0,explicit"`
	}
)

// encodeOpen is a PFX without encryption and MAC.
func encodeOpen(t testing.TB, pair *tls.Certificate) []byte {
	t.Helper()
	var chain []*x509.Certificate
	for _, raw := range pair.Certificate[1:] {
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, c)
	}
	data, err := pkcs12.Passwordless.Encode(pair.PrivateKey, pair.Leaf, chain, "")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// safesOf are the elements of the authenticated safe.
func safesOf(t testing.TB, pfx []byte) []asn1.RawValue {
	t.Helper()
	var outer openPFX
	var content []byte
	var safes []asn1.RawValue
	unmarshal(t, pfx, &outer)
	unmarshal(t, outer.Safes.Content.Bytes, &content)
	unmarshal(t, content, &safes)
	return safes
}

// withSafes adds elements to the authenticated safe of a PFX.
func withSafes(t testing.TB, pfx []byte, more ...asn1.RawValue) []byte {
	t.Helper()
	return marshal(t, openPFX{3, dataInfo(t, marshal(t, append(safesOf(t, pfx), more...)))})
}

// joinSafes puts the keys and certificates of two PFX into the two safes of one.
func joinSafes(t testing.TB, a, b []byte) []byte {
	t.Helper()
	var joined []asn1.RawValue
	other := safesOf(t, b)
	for i, safe := range safesOf(t, a) {
		bags := append(bagsOf(t, safe), bagsOf(t, other[i])...)
		joined = append(joined, asn1.RawValue{FullBytes: marshal(t, dataInfo(t, marshal(t, bags)))})
	}
	return marshal(t, openPFX{3, dataInfo(t, marshal(t, joined))})
}

func bagsOf(t testing.TB, safe asn1.RawValue) (bags []asn1.RawValue) {
	t.Helper()
	var info contentInfo
	var content []byte
	unmarshal(t, safe.FullBytes, &info)
	unmarshal(t, info.Content.Bytes, &content)
	unmarshal(t, content, &bags)
	return bags
}

func emptySafe(t testing.TB) asn1.RawValue {
	return asn1.RawValue{FullBytes: marshal(t, dataInfo(t, []byte{0x30, 0}))}
}

func dataInfo(t testing.TB, content []byte) contentInfo {
	return contentInfo{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}, asn1.RawValue{
		Class:      2,
		Tag:        0,
		IsCompound: true,
		Bytes:      marshal(t, content),
	}}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	out, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func unmarshal(t testing.TB, data []byte, v any) {
	t.Helper()
	if _, err := asn1.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}
