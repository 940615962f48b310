package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"causeway/internal/gateway"
	"causeway/internal/gateway/validate"
)

// fullConfig is what testdata/rest-v2.json and testdata/az-show.json both say.
func fullConfig() *gateway.Config {
	const group = "/subscriptions/6f1c2d3e-0000-4000-8000-00000000abcd/resourceGroups/web-rg/providers/Microsoft.Network"
	web, api := gateway.Target{Pool: "web", Settings: "web-https"}, gateway.Target{Pool: "api", Settings: "api-http"}
	return &gateway.Config{
		ID: group + "/applicationGateways/shop-gw", Name: "shop-gw", Location: "westeurope",
		Tags: map[string]string{"env": "prod", "cost": "42"},
		SKU:  gateway.SKU{Name: "Standard_v2", Tier: "Standard_v2", Capacity: 2},
		FrontendIPs: []gateway.FrontendIP{
			{Name: "public"}, {Name: "private", Private: true, PrivateIP: "10.1.0.10"},
		},
		FrontendPorts:   []gateway.FrontendPort{{Name: "http", Port: 80}, {Name: "https", Port: 443}, {Name: "internal", Port: 8443}},
		SSLCertificates: []gateway.SSLCertificate{{Name: "shop-tls", PublicCertData: "MIIB"}},
		SSLProfiles: []gateway.SSLProfile{
			{Name: "modern", Policy: gateway.SSLPolicy{Type: "Predefined", Name: "AppGwSslPolicy20220101S"}},
		},
		SSLPolicy: gateway.SSLPolicy{Type: "Predefined", Name: "AppGwSslPolicy20220101"},
		Probes: []gateway.Probe{{
			Name: "web-health", Protocol: "Https", Path: "/healthz", Interval: 15, Timeout: 10, UnhealthyThreshold: 2,
			PickHostFromSettings: true, Match: gateway.Match{
				StatusCodes: []gateway.StatusRange{{From: 200, To: 200}, {From: 204, To: 299}},
				Body:        "ok",
			},
		}},
		Pools: []gateway.Pool{
			{Name: "web", Members: []gateway.Address{{FQDN: "web1.shop.internal"}, {FQDN: "web2.shop.internal"}}},
			{Name: "api", Members: []gateway.Address{{IP: "10.1.2.4"}, {IP: "10.1.2.5"}}},
			{Name: "images", Members: []gateway.Address{{NIC: group + "/networkInterfaces/img-nic/ipConfigurations/ipconfig1"}}},
		},
		Settings: []gateway.Settings{
			{
				Name: "web-https", Port: 443, Protocol: "Https", AffinityCookieName: "ApplicationGatewayAffinity",
				RequestTimeout: 30, RequestTimeoutGiven: true, Probe: "web-health", Draining: true, DrainTimeout: 60,
				HostName: "web.shop.internal", Path: "/store/", ValidateChain: true, ValidateSNI: true,
			},
			{
				Name: "api-http", Port: 8080, Protocol: "Http", AffinityCookieName: "ApplicationGatewayAffinity",
				RequestTimeout: 120, RequestTimeoutGiven: true, DrainTimeout: 30, ValidateChain: true, ValidateSNI: true,
			},
		},
		Listeners: []gateway.Listener{
			{
				Name: "shop-http", FrontendIP: "public", FrontendPort: "http", Protocol: "Http",
				HostNames: []string{"shop.contoso.com", "*.shop.contoso.com"},
			},
			{
				Name: "shop-https", FrontendIP: "public", FrontendPort: "https", Protocol: "Https", HostNames: []string{"shop.contoso.com"},
				SSLCertificate: "shop-tls", SSLProfile: "modern", RequireSNI: true,
			},
			{Name: "inside", FrontendIP: "private", FrontendPort: "internal", Protocol: "Http"},
		},
		PathMaps: []gateway.PathMap{{Name: "shop-paths", Default: web, Rules: []gateway.PathRule{
			{Name: "api", Paths: []string{"/api/*", "/v2/api/*"}, Target: api},
			{Name: "images", Paths: []string{"/images/*"}, Target: gateway.Target{Pool: "images", Settings: "api-http"}},
			{Name: "old", Paths: []string{"/old"}, Target: gateway.Target{Redirect: "moved"}},
		}}},
		Rules: []gateway.Rule{
			{Name: "to-https", Type: "Basic", Priority: 10, Listener: "shop-http", Target: gateway.Target{Redirect: "to-https"}},
			{Name: "shop", Type: "PathBasedRouting", Priority: 20, Listener: "shop-https", PathMap: "shop-paths"},
			{Name: "inside", Type: "Basic", Priority: 30, Listener: "inside", Target: api},
		},
		Redirects: []gateway.Redirect{
			{Name: "to-https", Type: "Permanent", TargetListener: "shop-https", IncludePath: true, IncludeQuery: true},
			{Name: "moved", Type: "Found", TargetURL: "https://www.contoso.com/new"},
		},
		OtherCollections: map[string]int{},
	}
}

func TestRealDocumentsFillTheSameConfig(t *testing.T) {
	for _, file := range []string{"testdata/rest-v2.json", "testdata/az-show.json"} {
		t.Run(file, func(t *testing.T) {
			d := parseFile(t, file)
			if diff := cmp.Diff(fullConfig(), d.Config); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
			var said []string
			for _, p := range d.Problems() {
				path := strings.ReplaceAll(p.Path, ".properties.", ".")
				said = append(said, p.Code+" "+strings.TrimPrefix(path, "properties."))
			}
			if diff := cmp.Diff([]string{
				"NotServed backendHttpSettingsCollection[0].connectionDraining.enabled",
				"UnknownProperty futureSetting",
			}, said); diff != "" {
				t.Errorf("%s: problems (-want +got):\n%s", file, diff)
			}
		})
	}
}

func TestExportAndRESTBodyHaveOneCanonicalForm(t *testing.T) {
	rest, az := parseFile(t, "testdata/rest-v2.json"), parseFile(t, "testdata/az-show.json")
	var a, b any
	if err := errors.Join(json.Unmarshal(rest.Effective(), &a), json.Unmarshal(az.Effective(), &b)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("effective documents differ (-rest +az):\n%s", diff)
	}
}

func TestSloppyDocument(t *testing.T) {
	d := parseFile(t, "testdata/sloppy.json")
	if len(d.Problems()) > 0 {
		t.Errorf("unexpected problems:\n%s", problemText(d.Problems()))
	}
	c := d.Config
	if diff := cmp.Diff(gateway.SKU{Name: "Standard_v2", Tier: "Standard_v2", Capacity: 1}, c.SKU); diff != "" {
		t.Error(diff)
	}
	want := gateway.Listener{
		Name:         "Site",
		FrontendIP:   "Front",
		FrontendPort: "Port80",
		Protocol:     "Http",
		HostNames:    []string{"www.example.com"},
	}
	if diff := cmp.Diff(want, c.Listeners[0]); diff != "" {
		t.Error(diff)
	}
	if s := c.Settings[0]; s.Port != 8080 || s.Protocol != "Http" || s.CookieAffinity || s.RequestTimeout != 45 {
		t.Errorf("settings %+v", s)
	}
	if r := c.Rules[0]; r.Listener != "Site" || r.Target.Pool != "Web" || r.Target.Settings != "Http" || r.Priority != 10 {
		t.Errorf("rule %+v", r)
	}
	for _, name := range []string{
		`"backendHttpSettingsCollection"`, `"frontendIPConfigurations"`, `"cookieBasedAffinity": "Disabled"`,
		`"port": 8080`,
	} {
		if !bytes.Contains(d.JSON(), []byte(name)) {
			t.Errorf("the canonical form lacks %s:\n%s", name, d.JSON())
		}
	}
}

func TestV1Document(t *testing.T) {
	d := parseFile(t, "testdata/v1.json")
	if gateway.HasErrors(d.Problems()) || !d.Config.V1() {
		t.Errorf("problems:\n%s", problemText(d.Problems()))
	}
	if n := len(d.Config.AuthCertificate("BACKEND").Data); n < 100 {
		t.Errorf("authentication certificate of %d bytes", n)
	}
	if c := d.Config.SSLCertificate("site"); c.Password != "secret1" || len(c.Data) != 3 {
		t.Errorf("certificate %+v", c)
	}
}

func TestNumbersInQuotes(t *testing.T) {
	f := func(in string, want int, valid bool) {
		t.Helper()
		d, err := Parse([]byte(`{"frontendPorts":[{"name":"p","port":` + in + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(d.JSON()); err != nil {
			t.Errorf("%s: the canonical form is unreadable: %v", in, err)
		}
		bad := hasProblem(d.Problems(), "InvalidRequestFormat", "frontendPorts[0].port")
		if got := d.Config.FrontendPorts[0].Port; got != want || bad == valid {
			t.Errorf("%s: got %d, reported %v", in, got, bad)
		}
	}
	f(`80`, 80, true)
	f(`"80"`, 80, true)
	f(`"0080"`, 80, true)
	f(`"+80"`, 80, true)
	f(`8e1`, 80, true)
	f(`80.0`, 80, true)
	f(`" 80 "`, 80, true)
	f(`"Inf"`, 0, false)
	f(`"NaN"`, 0, false)
	f(`80.5`, 0, false)
	f(`1e300`, 0, false)
	f(`true`, 0, false)
}

func TestProblemsCannotSteerTheTerminal(t *testing.T) {
	d, err := Parse([]byte(`{"sku":{"tier":"\u001b[2J"},"\u001b]0;x\u0007":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if text := problemText(d.Problems()); strings.ContainsAny(text, "\x1b\x07") {
		t.Errorf("control characters in %q", text)
	}
}

func TestDefaults(t *testing.T) {
	d, err := Parse([]byte(`{"sku":{"tier":"Standard_v2","capacity":1},
		"probes":[{"name":"p","protocol":"Http","host":"h"}],
		"backendHttpSettingsCollection":[{"name":"s","port":80,"protocol":"Http","connectionDraining":{"enabled":false,"drainTimeoutInSec":900}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	wantProbe := gateway.Probe{
		Name:               "p",
		Protocol:           "Http",
		Host:               "h",
		Path:               "/",
		Interval:           30,
		Timeout:            30,
		UnhealthyThreshold: 3,
		Match:              gateway.Match{StatusCodes: []gateway.StatusRange{{From: 200, To: 399}}},
	}
	wantSettings := gateway.Settings{
		Name:               "s",
		Port:               80,
		Protocol:           "Http",
		AffinityCookieName: "ApplicationGatewayAffinity",
		RequestTimeout:     20,
		DrainTimeout:       30,
		ValidateChain:      true,
		ValidateSNI:        true,
	}
	if diff := cmp.Diff(wantProbe, d.Config.Probes[0]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wantSettings, d.Config.Settings[0]); diff != "" {
		t.Error(diff)
	}
	if d.Config.SKU.Name != "Standard_v2" ||
		!strings.HasSuffix(d.Config.ChildID("probes", "p"), "/providers/Microsoft.Network/applicationGateways/gateway/probes/p") {
		t.Errorf("SKU %+v, id %s", d.Config.SKU, d.Config.ChildID("probes", "p"))
	}
}

func TestUnknownPropertiesSurvive(t *testing.T) {
	in := `{"name":"g","x-top":{"Deep":[1,{"k":"<&>"}]},"properties":{"sku":{"tier":"Standard_v2","capacity":1,"Burst":true},
		"novelties":[{"name":"n"}],"httpListeners":[{"name":"l","kind":"odd","properties":{"glow":1.50,"frontendPort":{"id":"x/frontendPorts/p","via":"v"}}}]}}`
	d, err := Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(d.JSON())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{d.JSON(), again.JSON(), d.Effective()} {
		for _, part := range []string{`"Deep"`, `"<&>"`, `"Burst": true`, `"novelties"`, `"kind": "odd"`, `"glow": 1.50`, `"via": "v"`} {
			if !bytes.Contains(text, []byte(part)) {
				t.Errorf("%s is lost:\n%s", part, text)
			}
		}
	}
	for _, path := range []string{
		"x-top", "properties.sku.Burst", "properties.novelties", "properties.httpListeners[0].kind",
		"properties.httpListeners[0].properties.glow", "properties.httpListeners[0].properties.frontendPort.via",
	} {
		if !hasProblem(d.Problems(), "UnknownProperty", path) {
			t.Errorf("%s is not reported:\n%s", path, problemText(d.Problems()))
		}
	}
}

func hasProblem(problems []gateway.Problem, code, path string) bool {
	for _, p := range problems {
		if p.Code == code && p.Path == path {
			return true
		}
	}
	return false
}

func TestSecretsAreKeptAndNotShown(t *testing.T) {
	d := parseFile(t, "testdata/v1.json")
	if !bytes.Contains(d.JSON(), []byte("secret1")) {
		t.Error("the stored form lost the password")
	}
	for _, text := range [][]byte{d.Public(), d.Effective()} {
		if bytes.Contains(text, []byte("secret1")) || bytes.Contains(text, []byte("MIIJ")) {
			t.Errorf("a secret is shown:\n%s", text)
		}
	}
}

func TestByteOrderMarks(t *testing.T) {
	data, err := os.ReadFile("testdata/sloppy.json")
	if err != nil {
		t.Fatal(err)
	}
	wide := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(string(data))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for _, in := range [][]byte{append([]byte("\xEF\xBB\xBF"), data...), wide} {
		if d, err := Parse(in); err != nil || d.Config.Name != "sloppy" {
			t.Errorf("%q…: %v", in[:8], err)
		}
	}
}

func TestSomethingElse(t *testing.T) {
	f := func(in, message string) {
		t.Helper()
		_, err := Parse([]byte(in))
		var format *FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), message) || format.Hint == "" {
			t.Errorf("%.40q: got %v, want %q and a hint", in, err, message)
		}
	}
	f("", "the document is empty")
	f(" \n", "the document is empty")
	f("<!DOCTYPE html><title>Sign in</title>", "looks like HTML")
	f("name: [gw\n", "not valid YAML")
	f("name: gw\nname: gw2\n", "not valid YAML")
	f("name: gw\n---\nname: gw2\n", "several documents")
	f("# local\nconnectTimeout: 5s\n", "causeway.yaml, not a gateway")
	f("hello: 1\n", "no property of an application gateway")
	f("resource \"azurerm_application_gateway\" \"gw\" {}", "looks like Terraform")
	f("param location string", "looks like Bicep")
	f("PK\x03\x04zip", "compressed archive")
	f(`{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","resources":[]}`,
		"ARM template without an application gateway")
	f(`[{"name":"a"},{"name":"b"}]`, "list of 2 elements")
	f(`{"value":[{"name":"a"}]}`, "list of 1 elements")
	f(`[]`, "empty list")
	f(`{"value":[{"type":"Microsoft.Network/applicationGateways","name":"east","properties":{}},{"type":"Microsoft.Network/applicationGateways","name":"west","properties":{}}]}`, `list of 2 gateways: "east", "west"`)
	f(`[{"HttpStatus":502,"RequestUri":"/a"}]`, "none of which is a gateway")
	f(`{"version":4,"terraform_version":"1.9.0","serial":3,"lineage":"l","resources":[{"type":"azurerm_application_gateway","name":"gw"}]}`,
		"Terraform state")
	f(`{"format_version":"1.0","terraform_version":"1.9.0","values":{"root_module":{}}}`, "Terraform state")
	f(`{"format_version":"1.2","terraform_version":"1.9.0","planned_values":{},"resource_changes":[]}`, "Terraform plan")
	f(`{"error":{"code":"AuthorizationFailed","message":"no"}}`, "AuthorizationFailed: no")
	f(`{"type":"Microsoft.Network/loadBalancers","properties":{}}`, "Microsoft.Network/loadBalancers")
	f(`{"backendAddressPools":[{"backendHttpSettingsCollection":[]}]}`, "backend-health")
	f(`{"hello":1}`, "no property of an application gateway")
	f(`"text"`, "single JSON value")
	f("{\n  \"name\": \"gw\",\n  \"sku\": {\"tier\": }\n}", "line 3, column 19")
	f("{\n  \"name\": \"gw\",\n  \"sku\": {\"tier\":", "line 3, column 18")
	f(`{"sku":{}} {"sku":{}}`, "line 1, column 12")
	f(`{"sku":`+strings.Repeat("[", 70)+strings.Repeat("]", 70)+"}", "deeper than 64 levels")
	f(`{"sku":"`+strings.Repeat("x", maxDocument)+`"}`, "more than the")
}

func TestExamplesAreValid(t *testing.T) {
	files, err := filepath.Glob("../../../examples/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("examples %v: %v", files, err)
	}
	data, err := os.ReadFile("../../../examples/causeway.yaml")
	if err != nil {
		t.Fatal(err)
	}
	local, problems, err := Source{Local: data, Dir: "../../../examples"}.ParseLocal()
	if err != nil || len(problems) > 0 {
		t.Fatalf("causeway.yaml: %v\n%s", err, problemText(problems))
	}
	for _, file := range files {
		d := parseFile(t, file)
		if all := append(d.Problems(), validate.Local(local, d.Config)...); gateway.HasErrors(all) {
			t.Errorf("%s:\n%s", file, problemText(all))
		}
	}
	if all := validate.Local(local, parseFile(t, "../../../examples/three-sites.json").Config); len(all) > 0 {
		t.Errorf("three-sites.json with causeway.yaml:\n%s", problemText(all))
	}
}

// What the systemd unit is shipped with says nothing, and that is valid.
func TestPackagedLocalFile(t *testing.T) {
	data, err := os.ReadFile("../../../packaging/causeway.yaml")
	if err != nil {
		t.Fatal(err)
	}
	local, problems, err := Source{Local: data, Dir: "../../../packaging"}.ParseLocal()
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	if d := cmp.Diff(gateway.DefaultLocal(), local); d != "" {
		t.Error(d)
	}
}

// A list that holds one gateway is that gateway, as az rest and az network application-gateway list print it.
func TestListOfOneGateway(t *testing.T) {
	for _, text := range []string{
		`{"value":[%s],"nextLink":null}`, `[%s]`,
		`{"value":[{"type":"Microsoft.Network/publicIPAddresses","name":"ip"},%s]}`,
	} {
		t.Run(text, func(t *testing.T) {
			d, err := Parse([]byte(fmt.Sprintf(text,
				`{"name":"harbour","type":"Microsoft.Network/applicationGateways","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}}}`)))
			if err != nil || d.Config.Name != "harbour" {
				t.Errorf("%s: %v", text, err)
			}
		})
	}
}
