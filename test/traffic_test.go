package test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func url(port int, path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", port, path) }

// A request through the gateway arrives as an Application Gateway's would, and leaves Azure's record.
func TestRequestAndItsRecord(t *testing.T) {
	member, _ := node(t, echo)
	port := freePort(t)
	g := serve(t, plain(port, member).String(), "")
	var got struct {
		Method, URL string
		Headers     map[string]string
	}
	answer := curl(t, "-H", "X-Forwarded-For: 203.0.113.9", "-H", "my_header: lost", "-A", "story/1", url(port, "/a%20b?c=d"))
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	h := got.Headers
	if got.URL != "/a%20b?c=d" || !strings.HasPrefix(h["x-forwarded-for"], "203.0.113.9, 127.0.0.1:") || h["x-forwarded-proto"] != "http" ||
		h["x-forwarded-port"] != fmt.Sprint(port) || h["x-original-host"] != fmt.Sprintf("127.0.0.1:%d", port) || h["my_header"] != "" {
		t.Errorf("the member saw %s", answer)
	}
	r := g.records(1)[0]
	want := map[string]any{
		"instanceId": "appgw_0", "httpMethod": "GET", "httpStatus": 200.0, "serverStatus": "200", "userAgent": "story/1",
		"originalRequestUriWithArgs": "/a%20b?c=d", "requestQuery": "c=d", "error_info": "ERRORINFO_NO_ERROR",
		"transactionId": h["x-appgw-trace-id"],
		"serverRouted":  fmt.Sprintf("127.0.0.1:%d", member),
	}
	for k, v := range want {
		if r[k] != v {
			t.Errorf("%s = %v, want %v", k, r[k], v)
		}
	}
}

// Bodies of any size and framing pass both ways, byte for byte.
func TestBodies(t *testing.T) {
	files, root := nginx(t)
	member, _ := node(t, echo)
	port := freePort(t)
	d := plain(port, member)
	d.setting("files", files, `"protocol":"Http"`)
	d.maps = append(d.maps, child("map", `"defaultBackendAddressPool":`+ref("backendAddressPools", "web")+`,"defaultBackendHttpSettings":`+
		ref("backendHttpSettingsCollection", "http")+
		`,"pathRules":[`+child("static", `"paths":["/static/*"],"backendAddressPool":`+ref("backendAddressPools", "web")+
		`,"backendHttpSettings":`+ref("backendHttpSettingsCollection", "files"))+`]`))
	d.rules = nil
	d.rule("r", 1, "l", `"ruleType":"PathBasedRouting","urlPathMap":`+ref("urlPathMaps", "map"))
	serve(t, d.String(), "")
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MiB
	if err := os.WriteFile(filepath.Join(root, "static", "big"), big, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := curl(t, url(port, "/STATIC/../static/big")); got != string(big) {
		t.Errorf("%d bytes came of %d", len(got), len(big))
	}
	upload := filepath.Join(t.TempDir(), "up")
	if err := os.WriteFile(upload, big, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{"Content-Type: a/b", "Transfer-Encoding: chunked"} {
		if got := curl(t, "-X", "POST", "-H", header, "-T", upload, url(port, "/up")); !strings.Contains(got,
			fmt.Sprintf(`"bytes":%d`, len(big))) {
			t.Errorf("%s: %s", header, got)
		}
	}
	if got := curl(t, "-I", url(port, "/static/big")); !strings.Contains(got, "Content-Length: 4194304") {
		t.Errorf("HEAD: %s", got)
	}
	if got := curl(t, "-0", url(port, "/x")); !strings.Contains(got, `"method":"GET"`) {
		t.Errorf("HTTP/1.0: %s", got)
	}
}

// HTTPS with a certificate from causeway.yaml, and the redirect that leads there.
func TestHTTPSAndRedirect(t *testing.T) {
	member, _ := node(t, echo)
	port, secure := freePort(t), freePort(t)
	d := plain(port, member)
	d.port("s", secure)
	d.certificates = append(d.certificates, child("www", ""))
	d.listener("ls", "s", `"protocol":"Https","sslCertificate":`+ref("sslCertificates", "www"))
	d.rules = nil
	d.basic("rs", 10, "ls", "web", "http")
	d.redirects = append(d.redirects, child("up", `"redirectType":"Permanent","targetListener":`+ref("httpListeners", "ls")+
		`,"includePath":true,"includeQueryString":true`))
	d.rule("r", 20, "l", `"ruleType":"Basic","redirectConfiguration":`+ref("redirectConfigurations", "up"))
	dir := t.TempDir()
	ca := makeCertificate(t, dir)
	g := serve(t, d.String(), fmt.Sprintf("certificates:\n  www: {cert: %s/cert.pem, key: %s/key.pem}\n", dir, dir))
	resolve := []string{
		"--cacert", ca, "--resolve", fmt.Sprintf("www.example.net:%d:127.0.0.1", secure), "--resolve",
		fmt.Sprintf("www.example.net:%d:127.0.0.1", port),
	}
	got := curl(t, append(resolve, "-L", fmt.Sprintf("http://www.example.net:%d/a?b=c", port))...)
	if !strings.Contains(got, `"url":"/a?b=c"`) || !strings.Contains(got, `"x-forwarded-proto":"https"`) {
		t.Errorf("%s", got)
	}
	if got := curl(t, "-i", url(secure, "/")); !strings.HasPrefix(got, "HTTP/1.1 400") {
		t.Errorf("plain HTTP on the HTTPS port: %s", got)
	}
	var plainOnTLS, overTLS bool
	for _, r := range g.records(3) {
		plainOnTLS = plainOnTLS || r["error_info"] == "ERRORINFO_HTTP_TO_HTTPS_PORT"
		overTLS = overTLS || r["sslProtocol"] == "TLSv1.3"
	}
	if !plainOnTLS || !overTLS {
		t.Error("the log lacks the TLS request or the plain one on the TLS port")
	}
}

func makeCertificate(t *testing.T, dir string) (ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "www.example.net"}, DNSNames: []string{"www.example.net"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: der},
		"key.pem":  {Type: "EC PRIVATE KEY", Bytes: raw},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "cert.pem")
}
