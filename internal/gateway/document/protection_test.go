package document

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"causeway/internal/gateway"
)

// protected is a gateway whose properties, TLS profile, listener, rule and path rule say more.
func protected(gateway, profile, listener, rule string) []byte {
	const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
	ref := func(kind, name string) string { return `{"id":"` + id + "/" + kind + "/" + name + `"}` }
	more := func(s string) string {
		if s != "" {
			return "," + s
		}
		return ""
	}
	return []byte(`{"name":"gw","id":"` + id + `","location":"x","properties":{"sku":{"name":"WAF_v2","tier":"WAF_v2","capacity":1},
	"frontendIPConfigurations":[{"name":"f","properties":{"publicIPAddress":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p"}}}],
	"frontendPorts":[{"name":"p","properties":{"port":443}}],"sslCertificates":[{"name":"c","properties":{}}],
	"trustedClientCertificates":[{"name":"ca","properties":{"data":"eA=="}}],
	"entraJWTValidationConfigs":[{"name":"deny","properties":{"tenantId":"t","clientId":"c"}},{"name":"allow","properties":{"tenantId":"t","clientId":"c","unAuthorizedRequestAction":"Allow"}}],
	"sslProfiles":[{"name":"tls","properties":{` + profile + `}}],
	"backendAddressPools":[{"name":"b","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"}]}}],
	"backendHttpSettingsCollection":[{"name":"s","properties":{"port":80,"protocol":"Http"}}],
	"httpListeners":[{"name":"l","properties":{"protocol":"Https","frontendIPConfiguration":` + ref("frontendIPConfigurations", "f") + `,"frontendPort":` + ref("frontendPorts", "p") +
		`,"sslCertificate":` + ref("sslCertificates", "c") + more(listener) + `}}],
	"requestRoutingRules":[{"name":"r","properties":{"ruleType":"Basic","priority":1,"httpListener":` + ref("httpListeners", "l") + `,"backendAddressPool":` + ref("backendAddressPools", "b") +
		`,"backendHttpSettings":` + ref("backendHttpSettingsCollection", "s") + more(rule) + `}}]` + more(gateway) + `}}`)
}

// A document that asks for a protection which is not served is refused, by the name of the object and of the switch; with
// the switch it is served, and a warning says without what. What protects nobody is a warning from the start.
func TestProtectionsFailClosed(t *testing.T) {
	const base = `"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw/`
	const use = `"sslProfile":{` + base + `sslProfiles/tls"}`
	waf := func(mode string, on bool) string {
		return fmt.Sprintf(`"webApplicationFirewallConfiguration":{"enabled":%v,"firewallMode":%q,"ruleSetType":"OWASP","ruleSetVersion":"3.2"}`, on, mode)
	}
	const policy = `"firewallPolicy":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies/w"}`
	jwt := func(name string) string {
		return `"entraJWTValidationConfig":{` + base + "entraJWTValidationConfigs/" + name + `"}`
	}
	const ca = `"trustedClientCertificates":[{` + base + `trustedClientCertificates/ca"}]`
	const dhe = `"sslPolicy":{"policyType":"Custom","minProtocolVersion":"TLSv1_2","cipherSuites":["TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"]}`
	for _, c := range []struct {
		name, gateway, profile, listener, rule string
		want, object                           string
	}{
		{name: "nothing"},
		{name: "waf prevention", gateway: waf("Prevention", true), want: "waf", object: "the gateway"},
		{name: "waf prevention in capitals", gateway: waf("PREVENTION", true), want: "waf", object: "the gateway"},
		{name: "waf detection", gateway: waf("Detection", true)},
		{name: "waf off", gateway: waf("Prevention", false)},
		{
			name: "waf that does not say whether it is on", gateway: strings.Replace(waf("Prevention", true), `"enabled":true,`, "", 1),
			want: "waf", object: "the gateway",
		},
		{name: "waf policy", gateway: policy, want: "waf", object: "the gateway"},
		{name: "waf policy of a listener", listener: policy, want: "waf", object: `listener "l"`},
		{name: "client certificates", profile: ca, listener: use, want: "mtls", object: `TLS profile "tls" of listener "l"`},
		{
			name: "strict", profile: ca + `,"clientAuthConfiguration":{"verifyClientAuthMode":"strict"}`, listener: use, want: "mtls",
			object: `TLS profile "tls" of listener "l"`,
		},
		{
			name: "issuer", profile: ca + `,"clientAuthConfiguration":{"verifyClientCertIssuerDN":true}`, listener: use, want: "mtls",
			object: `TLS profile "tls" of listener "l"`,
		},
		{name: "passthrough", profile: `"clientAuthConfiguration":{"verifyClientAuthMode":"Passthrough"}`, listener: use},
		{name: "a profile that nobody uses", profile: ca},
		{name: "token", rule: jwt("deny"), want: "jwt", object: `rule "r"`},
		{name: "token of another document", rule: jwt("elsewhere"), want: "jwt", object: `rule "r"`},
		{name: "token that denies nothing", rule: jwt("allow")},
		{name: "suites", gateway: dhe, want: "tls-floor", object: "the gateway"},
		{name: "suites of a profile", profile: dhe, listener: use, want: "tls-floor", object: `TLS profile "tls"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse(protected(c.gateway, c.profile, c.listener, c.rule))
			if err != nil {
				t.Fatal(err)
			}
			var refused []gateway.Problem
			for _, p := range d.FailClosed(d.Problems(), nil) {
				if p.Code == "ProtectionNotServed" && p.Severity == gateway.Error {
					refused = append(refused, p)
				}
				if c.want != "" && p.Code == "NotServed" && strings.Contains(p.Message, c.object) {
					t.Errorf("said twice: %s", p)
				}
			}
			if c.want == "" {
				if len(refused) > 0 || len(d.Config.Unserved) > 0 {
					t.Errorf("refused: %v", refused)
				}
				return
			}
			if len(refused) != 1 || !strings.HasPrefix(refused[0].Message, c.object) ||
				!strings.Contains(refused[0].Hint, "--allow-unserved "+c.want) {
				t.Fatalf("%+v", refused)
			}
			for _, other := range gateway.Protections() {
				after := d.FailClosed(d.Problems(), []string{other})
				served := !slices.ContainsFunc(after, func(p gateway.Problem) bool {
					return p.Code == "ProtectionNotServed" &&
						p.Severity == gateway.Error
				})
				if served != (other == c.want) {
					t.Errorf("allowing %s: served %v", other, served)
				}
			}
		})
	}
}
