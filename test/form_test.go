package test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	neturl "net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// memberAt is the port that a test's own server listens on.
func memberAt(t *testing.T, s *httptest.Server) int {
	t.Helper()
	t.Cleanup(s.Close)
	u, err := neturl.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func saying(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
			return
		}
		fmt.Fprint(w, text)
	}
}

// A template is served with its parameters, reloaded with them, and replaced over the socket.
func TestTemplateIsServed(t *testing.T) {
	one, two := memberAt(t, httptest.NewServer(saying("one"))), memberAt(t, httptest.NewServer(saying("two")))
	port := freePort(t)
	text := strings.Replace(plain(port, one).String(), fmt.Sprintf(`"port":%d,"protocol"`, one),
		`"port":"[parameters('member')]","protocol"`, 1)
	text = strings.Replace(text, `"name":"gw1"`, `"name":"[parameters('name')]","type":"Microsoft.Network/applicationGateways"`, 1)
	text = strings.ReplaceAll(text, "applicationGateways/gw1", "applicationGateways/gw2")
	template := `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", // one gateway
		"parameters":{"member":{"type":"int"},"name":{"type":"string","defaultValue":"gw2"}},"resources":[` + text + `]}`
	file := filepath.Join(t.TempDir(), "parameters.json")
	parameters := func(member int) string { return fmt.Sprintf(`{"parameters":{"member":{"value":%d}}}`, member) }
	(&gateway{t: t}).write(file, parameters(one))
	g := serve(t, template, "", "--parameters", file)
	if got := curl(t, url(port, "/")); got != "one" {
		t.Fatal(got)
	}

	g.write(file, parameters(two))
	if err := g.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new parameters are served", func() bool { return curl(t, url(port, "/")) == "two" })

	g.write(file, parameters(one))
	if _, stderr, code := g.run("config", "apply", g.config, "--parameters", file); code != 0 {
		t.Fatal(code, stderr)
	}
	eventually(t, "the applied parameters are served", func() bool { return curl(t, url(port, "/")) == "one" })
	if _, stderr, code := g.run("config", "apply", g.config); code != 1 || !strings.Contains(stderr, `"member" has no value`) {
		t.Errorf("without parameters: %d %s", code, stderr)
	}
	if stdout, stderr, code := g.run("diagnose", "--live"); code != 0 || strings.Contains(stdout+stderr, "has no value") {
		t.Errorf("diagnose: %d %s %s", code, stdout, stderr)
	}
}

// A v1 gateway that trusts its backend's own certificate goes on serving as v2; what is late gets 504 in place of 502.
func TestMigratedGatewayServes(t *testing.T) {
	member := httptest.NewTLSServer(saying("hello"))
	leaf := base64.StdEncoding.EncodeToString(member.Certificate().Raw)
	port := freePort(t)
	d := plain(port, 0)
	d.sku = `{"name":"Standard_Medium","tier":"Standard","capacity":2}`
	d.settings, d.rules = nil, nil
	d.setting("http", memberAt(t, member), `"protocol":"Https","requestTimeout":1,"authenticationCertificates":[`+
		ref("authenticationCertificates", "leaf")+`]`)
	d.rule("r", 1, "l", `"ruleType":"Basic","backendAddressPool":`+ref("backendAddressPools", "web")+`,"backendHttpSettings":`+
		ref("backendHttpSettingsCollection", "http"))
	v1 := strings.Replace(d.String(), `"frontendPorts"`, `"authenticationCertificates":[`+child("leaf", `"data":"`+leaf+`"`)+
		`],"frontendPorts"`, 1)
	answers := func(document, late string) {
		t.Helper()
		g := serve(t, document, "")
		if got := curl(t, url(port, "/")); got != "hello" {
			t.Error(got)
		}
		if got := curl(t, "-o", "/dev/null", "-w", "%{http_code}", url(port, "/slow")); got != late {
			t.Errorf("a late answer gets %s, want %s", got, late)
		}
		g.stop()
	}
	answers(v1, "502")

	dir := t.TempDir()
	from, to := filepath.Join(dir, "v1.json"), filepath.Join(dir, "v2.json")
	g := &gateway{t: t}
	g.write(from, v1)
	stdout, stderr, code := causeway(t, "migrate", from, "--to", to)
	if code != 0 || !strings.Contains(stdout, "no longer check the certificate") || !strings.Contains(stdout, "gets 504, no longer 502") {
		t.Fatal(code, stdout, stderr)
	}
	if stdout, _, code := causeway(t, "config", "validate", to); code != 0 || !strings.Contains(stdout, "valid, 0 errors") {
		t.Fatal(code, stdout)
	}
	answers(read(t, to), "504")
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
