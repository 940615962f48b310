package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
)

func parse(t *testing.T, text string) *document.Document {
	t.Helper()
	d, err := document.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// v1 is a v1 gateway with two rules, and more.
func v1(sku, more string) string {
	const id = "/subscriptions/s/resourceGroups/web-rg/providers/Microsoft.Network/"
	ref := func(path string) string { return `{"id":"` + id + "applicationGateways/OLD/" + path + `"}` }
	rule := func(name string) string {
		return `{"name":"` + name + `","properties":{"ruleType":"Basic","httpListener":` + ref("httpListeners/"+name) +
			`,"backendAddressPool":` + ref("backendAddressPools/web") + `,"backendHttpSettings":` +
			ref("backendHttpSettingsCollection/http") + `}}`
	}
	listener := func(name, more string) string {
		return `{"name":"` + name + `","id":"` + id + `applicationGateways/old/httpListeners/` + name +
			`","properties":{"protocol":"Http","frontendIPConfiguration":` +
			ref("frontendIPConfigurations/public") + `,"frontendPort":` + ref("frontendPorts/p") + more + `}}`
	}
	return `{"id":"` + id + `applicationGateways/old","name":"old","location":"westeurope","properties":{"sku":` + sku + `,
		"gatewayIPConfigurations":[{"name":"ip","properties":{"subnet":{"id":"` + id + `virtualNetworks/web/subnets/gateway"}}}],
		"frontendIPConfigurations":[{"name":"public","properties":{"publicIPAddress":{"id":"` + id + `publicIPAddresses/old-ip"}}}],
		"frontendPorts":[{"name":"p","properties":{"port":80}}],
		"backendAddressPools":[{"name":"web","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"}]}}],
		"backendHttpSettingsCollection":[{"name":"http","properties":{"port":80,"protocol":"Http","requestTimeout":45}}],
		"httpListeners":[` + listener("any", "") + `,` + listener("shop", `,"hostName":"shop.example"`) + `],
		"requestRoutingRules":[` + rule("any") + `,` + rule("shop") + `]` + more + `}}`
}

const medium = `{"name":"Standard_Medium","tier":"Standard","capacity":2}`

func convert(t *testing.T, text string, o Options) *Result {
	t.Helper()
	r, err := Convert(parse(t, text), o)
	if err != nil {
		t.Fatal(err)
	}
	if gateway.HasErrors(r.Document.Problems()) {
		t.Errorf("the v2 document has errors:\n%s", gateway.ProblemText("", r.Document.Problems()))
	}
	return r
}

// item is the first whose text holds part.
func (r *Result) item(t *testing.T, part string) Item {
	t.Helper()
	for _, i := range r.Checklist {
		if strings.Contains(i.What+i.Why+i.Do, part) {
			return i
		}
	}
	t.Errorf("no item about %q", part)
	return Item{}
}

func TestEveryItemSaysWhatWhyAndWhatToDo(t *testing.T) {
	text, err := os.ReadFile("../gateway/document/testdata/v1.json")
	if err != nil {
		t.Fatal(err)
	}
	r := convert(t, string(text), Options{})
	last := Must
	for _, i := range r.Checklist {
		if i.What == "" || i.Why == "" || i.Do == "" {
			t.Errorf("incomplete: %+v", i)
		}
		if i.Severity == Must && last != Must || i.Severity == Check && last == Info {
			t.Errorf("%q comes too late", i.What)
		}
		last = i.Severity
	}
}

func TestTheSizeBecomesARange(t *testing.T) {
	f := func(sku, tier string, least, most int) {
		t.Helper()
		c := convert(t, v1(sku, ""), Options{}).Document.Config
		if c.SKU.Name != tier || c.SKU.Tier != tier || c.SKU.Capacity != 0 || c.Autoscale == nil || c.Autoscale.Min != least ||
			c.Autoscale.Max != most {
			t.Errorf("%s: got %+v %+v", sku, c.SKU, c.Autoscale)
		}
	}
	f(`{"name":"Standard_Small","tier":"Standard","capacity":1}`, "Standard_v2", 2, 10)
	f(medium, "Standard_v2", 2, 10)
	f(`{"name":"Standard_Large","tier":"Standard","capacity":10}`, "Standard_v2", 23, 91)
	f(`{"name":"Standard_Large","tier":"Standard","capacity":32}`, "Standard_v2", 73, 125)
	f(`{"name":"WAF_Medium","tier":"WAF","capacity":4}`, "WAF_v2", 3, 19)
	f(`{"name":"WAF_Large","tier":"WAF"}`, "WAF_v2", 3, 10)
}

func TestRulesKeepTheirOrder(t *testing.T) {
	r := convert(t, v1(medium, ""), Options{})
	rules := r.Document.Config.Rules
	if rules[0].Name != "any" || rules[0].Priority != 10 || rules[1].Priority != 20 {
		t.Errorf("%+v", rules)
	}
	if i := r.item(t, "takes everything on its port"); !strings.Contains(i.Do, `"shop"`) || i.Severity != Info {
		t.Errorf("%+v", i)
	}
}

func TestTheNewGatewayHasItsOwnNameSubnetAndAddress(t *testing.T) {
	r := convert(t, v1(medium, ""), Options{})
	text := string(r.Document.JSON())
	if r.Name != "old_v2" || r.Document.Config.Name != "old_v2" || strings.Contains(strings.ToLower(text), "/applicationgateways/old/") ||
		strings.Contains(text, "old-ip") {
		t.Errorf("%s\n%s", r.Name, text)
	}
	if !strings.Contains(text, placeholderSubnet) || !strings.Contains(text, "/publicIPAddresses/old_v2-IP") {
		t.Error(text)
	}
	if i := r.item(t, "a subnet of its own"); i.Severity != Must {
		t.Errorf("%+v", i)
	}
	const subnet = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/two"
	text = string(convert(t, v1(medium, ""), Options{Name: "shop", Subnet: subnet}).Document.JSON())
	if !strings.Contains(text, subnet) || !strings.Contains(text, "/applicationGateways/shop/httpListeners/any") ||
		strings.Contains(text, placeholderSubnet) {
		t.Error(text)
	}
}

func TestBackendsAreNoLongerCheckedAndThatIsSaid(t *testing.T) {
	text, err := os.ReadFile("../gateway/document/testdata/v1.json")
	if err != nil {
		t.Fatal(err)
	}
	r := convert(t, string(text), Options{})
	s := r.Document.Config.Settings[0]
	if s.ValidateChain || s.ValidateSNI || len(s.AuthCertificates) > 0 || len(r.Document.Config.AuthenticationCertificates) > 0 {
		t.Errorf("%+v", s)
	}
	i := r.item(t, "no longer check the certificate")
	if i.Severity != Check || i.Path != "properties.backendHttpSettingsCollection[0].properties.validateCertChainAndExpiry" ||
		!strings.Contains(i.Do, "trustedRootCertificates") {
		t.Errorf("%+v", i)
	}
	if i := r.item(t, "is also sent as SNI"); i.Path != "properties.probes[0].properties.host" {
		t.Errorf("%+v", i)
	}
	if i := r.item(t, `"health" up to 120 s`); i.Severity != Check {
		t.Errorf("%+v", i)
	}
	// Without a list v1 trusts Azure's own services only, which v2 can check.
	listless := strings.Replace(v1(medium, ""), `"port":80,"protocol":"Http"`, `"port":443,"protocol":"Https"`, 1)
	if s := convert(t, listless, Options{}).Document.Config.Settings[0]; !s.ValidateChain || !s.ValidateSNI {
		t.Errorf("%+v", s)
	}
}

func TestTheFirewallBecomesAPolicy(t *testing.T) {
	waf := `,"webApplicationFirewallConfiguration":{"enabled":true,"firewallMode":"Prevention","ruleSetType":"OWASP","ruleSetVersion":"3.0","fileUploadLimitInMb":100,
		"disabledRuleGroups":[{"ruleGroupName":"REQUEST-942-APPLICATION-ATTACK-SQLI","rules":[942130,942140]}],"exclusions":[{"matchVariable":"RequestHeaderNames","selectorMatchOperator":"Equals","selector":"x-token"}]}`
	r := convert(t, v1(`{"name":"WAF_Medium","tier":"WAF","capacity":2}`, waf), Options{})
	text := string(r.Document.JSON())
	if strings.Contains(text, "webApplicationFirewallConfiguration") ||
		!strings.Contains(text, "ApplicationGatewayWebApplicationFirewallPolicies/oldv2waf") {
		t.Error(text)
	}
	if i := r.item(t, "waf-policy create"); i.Severity != Must || !strings.Contains(i.Do, "--mode Prevention") ||
		!strings.Contains(i.Do, "--file-upload-limit-in-mb 100") {
		t.Errorf("%+v", i)
	}
	if i := r.item(t, "942130 942140"); !strings.Contains(i.What, "x-token") {
		t.Errorf("%+v", i)
	}
	off := convert(t, v1(`{"name":"WAF_Medium","tier":"WAF","capacity":2}`, ""), Options{})
	if i := off.item(t, "waf-policy create"); !strings.Contains(i.Do, "--state Disabled") {
		t.Errorf("%+v", i)
	}
}

func TestWhatV2Refuses(t *testing.T) {
	// Ports that v2 keeps for itself move to the next free one.
	text := strings.Replace(v1(medium, `,"enableFips":true`), `"frontendPorts":[`,
		`"frontendPorts":[{"name":"top","properties":{"port":65199}},{"name":"a","properties":{"port":65300}},{"name":"b","properties":{"port":65502}},`, 1)
	r := convert(t, text, Options{})
	got := ""
	for _, p := range r.Document.Config.FrontendPorts {
		got += fmt.Sprint(p.Name, " ", p.Port, ", ")
	}
	if got != "top 65199, a 65198, b 65197, p 80, " {
		t.Error(got)
	}
	if i := r.item(t, "moves from 65300 to 65198"); i.Severity != Must {
		t.Errorf("%+v", i)
	}
	r.item(t, "FIPS mode")

	private := strings.Replace(v1(medium, ""),
		`"publicIPAddress":{"id":"/subscriptions/s/resourceGroups/web-rg/providers/Microsoft.Network/publicIPAddresses/old-ip"}`,
		`"privateIPAddress":"fd00::4","privateIPAllocationMethod":"Static","subnet":{"id":"/subscriptions/s/subnets/gateway"}`, 1)
	r = convert(t, private, Options{})
	r.item(t, "EnableApplicationGatewayNetworkIsolation")
	r.item(t, "uses IPv6")
	if f := r.Document.Config.FrontendIPs[0]; !f.Private {
		t.Errorf("%+v", f)
	}
}

func TestWhatDocumentsCannotSayIsOnTheList(t *testing.T) {
	r := convert(t, v1(medium, `,"urlPathMaps":[{"name":"m","properties":{"defaultBackendAddressPool":{"id":"x/backendAddressPools/web"},"defaultBackendHttpSettings":{"id":"x/backendHttpSettingsCollection/http"},
		"pathRules":[{"name":"r","properties":{"paths":["/a/*"],"backendAddressPool":{"id":"x/backendAddressPools/web"},"backendHttpSettings":{"id":"x/backendHttpSettingsCollection/http"}}}]}}],
		"sslPolicy":{"policyType":"Custom","minProtocolVersion":"TLSv1_2","cipherSuites":["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256","TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"]}`), Options{})
	for _, about := range []string{
		"504", "after 75 s", "NTLM", "timeTaken", "FailedRequests", "65200-65535", "DNS", "diagnostic settings", "static",
		"service endpoint", "interval",
		"performance log", "the longest request timeout is 45 s", "/abc%2Fdef", "TLS_DHE_RSA", "499", "port of their own", "retired",
	} {
		r.item(t, about)
	}
}

func TestWhatCannotBeMigrated(t *testing.T) {
	f := func(text string, o Options, want string) {
		t.Helper()
		_, err := Convert(parse(t, text), o)
		var refused *Error
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) || refused.Hint == "" {
			t.Errorf("got %v, want %s and a hint", err, want)
		}
	}
	f(v1(`{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`, ""), Options{}, "v2 already")
	f(v1(`{}`, ""), Options{}, "no tier")
	f(strings.Replace(v1(medium, ""), "backendAddressPools/web", "backendAddressPools/gone", 1), Options{}, "not valid")
	f(v1(medium, ""), Options{Name: "OLD"}, "the name of the v1 gateway")
	f(v1(medium, ""), Options{Name: "a/b"}, "no name")
	f(v1(medium, ""), Options{Subnet: "gateway"}, "not the id of a subnet")
}

// Unknown properties and secrets go along.
func TestNothingElseIsLost(t *testing.T) {
	r := convert(t, v1(medium,
		`,"novelty":{"a":[1]},"sslCertificates":[{"name":"c","properties":{"data":"MIIJ","password":"pw1"}},{"name":"d"}],"enableHttp2":true`), Options{})
	var doc struct{ Properties map[string]any }
	if err := json.Unmarshal(r.Document.JSON(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Properties["novelty"] == nil || r.Document.Config.SSLCertificates[0].Password != "pw1" || !r.Document.Config.EnableHTTP2 {
		t.Errorf("%s", r.Document.JSON())
	}
	if i := r.item(t, `"d" is here without its private key`); i.Severity != Must ||
		i.Path != "properties.sslCertificates[1].properties.data" {
		t.Errorf("%+v", i)
	}
}
