package nginx

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/lab/stage"
)

var shopSite = stage.Site{Name: "lab", Pools: []stage.Pool{{Name: "web", Members: stage.Members("127.0.0.2:3333", "127.0.0.3:4444")}}}

// Every form of one log is recognised and gives the same rows, as far as it says so much.
func TestFormsAreRead(t *testing.T) {
	lines := []Line{answered(nil), unanswered("504", "0.000", "2.000"), unanswered("499", "0.000", "0.400")}
	var rows []Row
	for _, l := range lines {
		rows = append(rows, l.row(shop))
	}
	for _, form := range Forms {
		t.Run(string(form), func(t *testing.T) {
			dir := t.TempDir()
			if err := export(dir, form, shopSite, rows, gateway.Health{}, nil); err != nil {
				t.Fatal(err)
			}
			bundle, err := evidence.Open([]string{dir})
			if err != nil {
				t.Fatal(err)
			}
			defer bundle.Close()
			if bundle.Config == nil {
				t.Error("the document was not recognised")
			}
		})
	}
}

func TestFirstGenerationRow(t *testing.T) {
	f := func(l Line, want string) {
		t.Helper()
		b, err := l.row(shop).first(shopSite).MarshalJSON()
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s, %v: %s is missing", b, err, want)
		}
	}
	f(answered(nil), `SERVER-ROUTED=10.1.0.4\u0026X-AzureApplicationGateway-LOG-ID=b4a73f14-37c3-1221-dd94-5ab84444df01\u0026SERVER-STATUS=200"`)
	f(answered(nil), `"timeTaken":30,`)
	f(unanswered("504", "0.000", "2.000"), `"httpStatus":502,`)
	f(unanswered("499", "0.000", "0.400"), `"httpStatus":0,`)
}

func TestConfigurationOfASite(t *testing.T) {
	c := Configuration{
		Dir: "/run/lab", Listen: "127.0.0.1:8081",
		Site: stage.Site{Host: "shop.example", ConnectTimeout: 1500 * time.Millisecond, Pools: []stage.Pool{
			{Name: "web", RequestTimeout: 3},
			{Name: "api", Path: "/api/*", TLS: true, Host: "api.example", Root: []byte{1}},
			{Name: "one", Path: "/one"},
		}},
		Servers: map[string][]string{"web": {"127.0.0.2:3333", "127.0.0.3:4444"}, "api": {"127.0.0.4:5555"}},
	}
	text := c.Text()
	for _, want := range []string{
		"upstream web {\n  server 127.0.0.2:3333 max_fails=0;\n  server 127.0.0.3:4444 max_fails=0;\n  keepalive 64;",
		"upstream one {\n  server 127.0.0.1:1 down;\n", "location / {", "location ^~ /api/ {", "location = /one {",
		"proxy_read_timeout 3s;", "proxy_read_timeout 20s;", "proxy_connect_timeout 1500ms;", "server_name shop.example;", "return 404;",
		"proxy_pass https://api;", "proxy_ssl_name api.example;", "proxy_ssl_trusted_certificate /run/lab/api.pem;", "proxy_next_upstream off;",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if n := strings.Count(text, headers); n != len(c.Site.Pools) {
		t.Errorf("%d locations have the headers, want all of %d", n, len(c.Site.Pools))
	}
	c.Retries = true
	if want := "proxy_next_upstream error timeout;\nproxy_next_upstream_tries 2;"; !strings.Contains(c.Text(), want) {
		t.Errorf("%q is missing", want)
	}
}

func TestMetricsOfALog(t *testing.T) {
	rows := []Row{answered(nil).row(shop), unanswered("504", "0.000", "2.000").row(shop)}
	at := rows[0].At
	samples := []sample{
		{at, map[string]int{"web~web-settings": 2}, map[string]int{"web~web-settings": 2}},
		{at, map[string]int{"web~web-settings": 1}, map[string]int{"web~web-settings": 2}},
	}
	path := filepath.Join(t.TempDir(), "metrics.json")
	if err := writeJSON(path, metrics(shopSite, rows, samples)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"average":1.5`, `"value":"FailedRequests"`, `"value":"5xx"`, `"average":10,"maximum":10`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
}
