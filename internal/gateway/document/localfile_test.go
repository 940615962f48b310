package document

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"causeway/internal/gateway"
	"causeway/internal/gateway/validate"
)

// parseLocal reads causeway.yaml of the current directory.
func parseLocal(text string) (gateway.Local, []gateway.Problem, error) {
	return Source{Local: []byte(text), Dir: "."}.ParseLocal()
}

func TestLocalWhole(t *testing.T) {
	local, problems, err := Source{Dir: "/etc/causeway", Local: []byte(`
# everything
certificates:
  shop: {pfx: keys/shop.pfx, password: 1234}
  www: {cert: /etc/ssl/www.crt, key: www.key}
members:
  10.0.0.4: 127.0.0.1:9001
  web.internal: "[::1]:9002"
connectTimeout: 1500ms
backendIdleTimeout: 2m
keepAliveHint: ignore
passiveEjection: off
engine: goroutines
limits: none
sizes:
  small: {cpu: 0.25}
  v2: {cpu: 4, memory: 3GiB}
autoscale: {throughput: on}
store:
  endpoints: [https://10.0.0.5:2379, "https://[::1]:2379"]
  ca: etcd/ca.pem
  cert: etcd/client.pem
  key: /keys/client.key
  prefix: /shop
  node: gw1
logs:
  days: 7
  bytes: 500MB
  queries: drop
`)}.ParseLocal()
	if err != nil || len(problems) > 0 {
		t.Fatalf("%v\n%s", err, problemText(problems))
	}
	want := gateway.Local{
		Certificates: map[string]gateway.KeyPair{
			"shop": {PFX: "/etc/causeway/keys/shop.pfx", Password: "1234"},
			"www":  {Cert: "/etc/ssl/www.crt", Key: "/etc/causeway/www.key"},
		},
		Members:        map[string]string{"10.0.0.4": "127.0.0.1:9001", "web.internal": "[::1]:9002"},
		ConnectTimeout: 1500 * time.Millisecond, BackendIdleTimeout: 2 * time.Minute, Engine: "goroutines", KeepAliveHint: "ignore", Limits: "none",
		Sizes: gateway.Sizes{
			Small:  gateway.Size{CPU: 0.25, Memory: 512 << 20},
			Medium: gateway.Size{CPU: 1, Memory: 1 << 30},
			Large:  gateway.Size{CPU: 2, Memory: 2 << 30},
			V2:     gateway.Size{CPU: 4, Memory: 3 << 30},
		},
		Autoscale: gateway.LocalAutoscale{Throughput: true},
		Store: gateway.LocalStore{
			Endpoints: []string{"https://10.0.0.5:2379", "https://[::1]:2379"}, CA: "/etc/causeway/etcd/ca.pem",
			Cert: "/etc/causeway/etcd/client.pem", Key: "/keys/client.key", Prefix: "/shop", Node: "gw1",
		},
		Logs: gateway.Logs{Days: 7, Bytes: 500_000_000, Queries: false},
	}
	if diff := cmp.Diff(want, local); diff != "" {
		t.Error(diff)
	}
	if got := local.Dial(gateway.Address{FQDN: "WEB.internal"}); got != "[::1]:9002" {
		t.Errorf("dial %q", got)
	}
}

func TestLocalEmptyIsTheDefault(t *testing.T) {
	for _, in := range []string{"", "# nothing yet\n", "logs:\nmembers:\n"} {
		t.Run(in, func(t *testing.T) {
			local, problems, err := parseLocal(in)
			if diff := cmp.Diff(gateway.DefaultLocal(), local); err != nil || len(problems) > 0 || diff != "" {
				t.Errorf("%q: %v %v\n%s", in, err, problems, diff)
			}
		})
	}
}

func TestLocalProblems(t *testing.T) {
	for _, x := range []struct{ in, code, path, message, hint string }{
		{"conectTimeout: 5s", "UnknownSetting", "conectTimeout", "unknown setting", "did you mean connectTimeout?"},
		{"frobnicate: 5s", "UnknownSetting", "frobnicate", "unknown setting", "known are: allowUnserved, autoscale, backendIdleTimeout"},
		{"connectTimeout: 5", "InvalidSetting", "connectTimeout", "number 5", "5s"},
		{"connectTimeout: 0s", "OutOfRange", "connectTimeout", "out of range", "1ms"},
		{"engine: threads", "InvalidSetting", "engine", `"threads"`, "epoll, goroutines"},
		{"keepAliveHint: maybe", "InvalidSetting", "keepAliveHint", `"maybe"`, "honour, ignore"},
		{"logs: {bytes: ten}", "InvalidSetting", "logs.bytes", `"ten"`, "10GiB"},
		{"logs: {bytes: 1KiB}", "InvalidSetting", "logs.bytes", `"1KiB"`, "at least 1MiB"},
		{"logs: {bytes: 99999999TiB}", "InvalidSetting", "logs.bytes", "TiB", "10GiB"},
		{"logs: {days: 0}", "InvalidSetting", "logs.days", "number 0", "1 to 3650"},
		{"sizes: {big: {cpu: 1}}", "UnknownSetting", "sizes.big", "unknown setting", "large, medium, small, v2"},
		{"sizes: {smal: {cpu: 1}}", "UnknownSetting", "sizes.smal", "unknown setting", "did you mean small?"},
		{"sizes: {v2: {cpus: 1}}", "UnknownSetting", "sizes.v2.cpus", "unknown setting", "did you mean cpu?"},
		{"sizes: {v2: {cpu: much}}", "InvalidSetting", "sizes.v2.cpu", `"much"`, "0.5"},
		{"sizes: {v2: {cpu: NaN}}", "InvalidSetting", "sizes.v2.cpu", `"NaN"`, "0.5"},
		{"sizes: {v2: {cpu: 0.01}}", "OutOfRange", "sizes.v2.cpu", "0.01 is out of range", "0.1 to 256"},
		{"sizes: {v2: {cpu: 1000}}", "OutOfRange", "sizes.v2.cpu", "1000 is out of range", "0.1 to 256"},
		{"sizes: {v2: {memory: 8MiB}}", "OutOfRange", "sizes.v2.memory", "8MiB is out of range", "64MiB to 4TiB"},
		{"sizes: {v2: {memory: lots}}", "InvalidSetting", "sizes.v2.memory", `"lots"`, "512MiB"},
		{"sizes: {v2: 2}", "InvalidSetting", "sizes.v2", "number 2", "a mapping"},
		{"store: {prefix: /a}", "EndpointsMissing", "store.endpoints", "none is given", "https://"},
		{"store: {endpoints: 'https://a:1'}", "InvalidSetting", "store.endpoints", `"https://a:1"`, "a list"},
		{"store: {endpoints: ['https://a:1', 'ftp://b:1']}", "InvalidAddress", "store.endpoints[1]", "ftp://b:1", "HOST:PORT"},
		{"store: {endpoints: ['https://a:1', 'https://b']}", "InvalidAddress", "store.endpoints[1]", "https://b", "HOST:PORT"},
		{"store: {endpoints: ['https://a:1'], cert: c.pem}", "CertificateFilesMissing", "store", "two files", "cert and key"},
		{"autoscale: {throughput: maybe}", "InvalidSetting", "autoscale.throughput", `"maybe"`, "on or off"},
		{"members: {a.x: b, A.x: c}", "DuplicateName", `members["a.x"]`, "given twice", "keep one"},
		{"logs: [1]", "InvalidSetting", "logs", "a list", "a mapping"},
		{"members: {a: 'b:c:d'}", "InvalidAddress", `members["a"]`, "not an address", "[::1]:8080"},
		{"members: {a: 'b:99999'}", "InvalidAddress", `members["a"]`, "no port", "host:port"},
		{"certificates: {a: {pfx: c.pfx, cert: c.pem}}", "CertificateFilesConflict", `certificates["a"]`, "both given", "either pfx"},
		{"certificates: {a: {cert: c.pem}}", "CertificateFilesMissing", `certificates["a"]`, "no complete set", "cert and key"},
		{
			"certificates: {a: {cert: c.pem, key: k.pem, password: p}}", "CertificateFilesConflict", `certificates["a"].password`, "pfx only",
			"remove it",
		},
		{
			"certificates: {a: {crt: c.pem, cert: c.pem, key: k.pem}}", "UnknownSetting", `certificates["a"].crt`, "unknown setting",
			"did you mean cert?",
		},
	} {
		t.Run(x.in, func(t *testing.T) {
			_, problems, err := parseLocal(x.in)
			if err != nil || len(problems) != 1 {
				t.Fatalf("%v, %+v, want one problem", err, problems)
			}
			p := problems[0]
			if p.Code != x.code || p.Path != x.path || p.Severity != gateway.Error || !strings.Contains(p.Message, x.message) ||
				!strings.Contains(p.Hint, x.hint) {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestLocalThatIsNoMapping(t *testing.T) {
	for _, in := range []string{"- a\n", "text", "a: 1\na: 2\n", "a: [", "\tb: 1"} {
		if _, _, err := parseLocal(in); err == nil {
			t.Errorf("%q is accepted", in)
		}
	}
}

func TestDocumentAndLocalTogether(t *testing.T) {
	cfg := parseFile(t, "testdata/rest-v2.json").Config
	local := gateway.DefaultLocal()
	local.Certificates = map[string]gateway.KeyPair{"shop-tsl": {Cert: "a", Key: "b"}}
	local.Members = map[string]string{"10.1.2.4": "127.0.0.1", "10.1.2.6": "127.0.0.1"}
	want := `warning: certificates["shop-tsl"]: the document has no sslCertificate of this name [UnknownCertificate]
    hint: did you mean shop-tls?
error: httpListeners[1].properties.sslCertificate: listener "shop-https" needs the certificate "shop-tls", and the document holds no key for it, as exports never do [CertificateKeyMissing]
    hint: add to causeway.yaml:
    certificates:
      shop-tls:
        cert: shop-tls.pem
        key: shop-tls.key
    (or pfx: and password:)
warning: members["10.1.2.6"]: no backend pool of the document has this member [UnknownMember]
    hint: did you mean 10.1.2.4?
`
	if diff := cmp.Diff(want, problemText(validate.Local(local, cfg))); diff != "" {
		t.Error(diff)
	}
	local = gateway.DefaultLocal()
	for file, path := range map[string]string{
		"rest-v2": "httpListeners[1].properties.sslCertificate",
		"az-show": "httpListeners[1].sslCertificate",
	} {
		t.Run(file, func(t *testing.T) {
			if d := parseFile(t, "testdata/"+file+".json"); !hasProblem(d.ProblemsWith(local), "CertificateKeyMissing", path) {
				t.Errorf("%s: no %s among\n%s", file, path, problemText(d.ProblemsWith(local)))
			}
		})
	}
	local.Certificates = map[string]gateway.KeyPair{"SHOP-tls": {Cert: "a", Key: "b"}}
	if problems := validate.Local(local, cfg); len(problems) > 0 {
		t.Errorf("unexpected:\n%s", problemText(problems))
	}
}

func TestAllowUnserved(t *testing.T) {
	local, problems, err := parseLocal("allowUnserved: [waf, tls-floor]\n")
	if err != nil || len(problems) != 0 || !slices.Equal(local.AllowUnserved, []string{"waf", "tls-floor"}) {
		t.Errorf("%v %v %v", local.AllowUnserved, problems, err)
	}
	for _, in := range []string{"allowUnserved: [wav]", "allowUnserved: waf", "allowUnserved: [1]", "allowUnserved: {waf: true}"} {
		if _, problems, _ := parseLocal(in); !gateway.HasErrors(problems) {
			t.Errorf("%s is taken", in)
		}
	}
}
