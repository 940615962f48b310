package document

import (
	"fmt"
	"strings"
	"testing"

	"causeway/internal/gateway"
)

// coded are the problems of a document with one of these codes.
func coded(t *testing.T, doc []byte, code string) (found []gateway.Problem) {
	t.Helper()
	d, err := Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Problems() {
		if p.Code == code {
			found = append(found, p)
		}
	}
	return found
}

// A firewall inside the document names a rule set and groups that exist, by generation.
func TestRuleSetOfTheFirewall(t *testing.T) {
	f := func(tier, version, group, code, hint string) {
		t.Helper()
		doc := strings.Replace(string(protected(fmt.Sprintf(`"webApplicationFirewallConfiguration":{"enabled":true,"firewallMode":"Detection","ruleSetType":"OWASP",
			"ruleSetVersion":%q,"disabledRuleGroups":[{"ruleGroupName":%q}]}`, version, group), "", "", "")), `"name":"WAF_v2","tier":"WAF_v2"`, tier, 1)
		var got []gateway.Problem
		for _, c := range []string{"ApplicationGatewayFirewallRuleSetVersionNotSupported", "ApplicationGatewayFirewallRuleGroupNotFound"} {
			got = append(got, coded(t, []byte(doc), c)...)
		}
		switch {
		case code == "" && len(got) > 0:
			t.Errorf("%s %s: %v", version, group, got)
		case code != "" && (len(got) != 1 || !strings.HasSuffix(got[0].Code, code) || !strings.Contains(got[0].Hint, hint)):
			t.Errorf("%s %s: %+v", version, group, got)
		}
	}
	const v1, v2 = `"name":"WAF_Medium","tier":"WAF"`, `"name":"WAF_v2","tier":"WAF_v2"`
	f(v2, "3.2", "REQUEST-942-APPLICATION-ATTACK-SQLI", "", "")
	f(v2, "3.2", "request-942-application-attack-sqli", "", "")
	f(v2, "2.2.9", "crs_41_xss_attacks", "", "")
	f(v2, "9.9", "General", "VersionNotSupported", "3.2")
	f(v2, "3.2", "nonsense", "GroupNotFound", "REQUEST-911")
	f(v2, "3.0", "REQUEST-944-APPLICATION-ATTACK-JAVA", "GroupNotFound", "")
	f(v2, "3.2", "REQUEST-942-APPLICATION-ATTACK-SQL", "GroupNotFound", "did you mean REQUEST-942-APPLICATION-ATTACK-SQLI")
	f(v1, "3.0", "General", "", "")
	f(v1, "3.2", "General", "VersionNotSupported", "2.2.9, 3.0")
}

// Two frontends on one port are Azure's everyday and need addresses here; the tier Basic has no private frontend alone.
func TestFrontendsTogether(t *testing.T) {
	doc := string(protected("", "", "", ""))
	if p := coded(t, []byte(doc), "FrontendsShareAPort"); len(p) != 0 {
		t.Errorf("%v", p)
	}
	const private = `{"name":"private","properties":{"privateIPAddress":"10.0.0.9","privateIPAllocationMethod":"Static","subnet":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a"}}}`
	two := strings.Replace(doc, `"frontendIPConfigurations":[`, `"frontendIPConfigurations":[`+private+`,`, 1)
	listener := doc[strings.Index(doc, `"httpListeners":[`)+len(`"httpListeners":[`) : strings.Index(doc, `],
	"requestRoutingRules"`)]
	second := strings.Replace(strings.Replace(listener, `"name":"l"`, `"name":"l2"`, 1), "/frontendIPConfigurations/f",
		"/frontendIPConfigurations/private", 1)
	two = strings.Replace(two, listener, listener+","+second, 1)
	if p := coded(t, []byte(two), "FrontendsShareAPort"); len(p) != 1 ||
		!strings.Contains(p[0].Hint, "--bind f=ADDRESS --bind private=ADDRESS") {
		t.Errorf("%+v", p)
	}
	basic := strings.Replace(doc, `"name":"WAF_v2","tier":"WAF_v2"`, `"name":"Basic","tier":"Basic"`, 1)
	if p := coded(t, []byte(basic), "ApplicationGatewayBasicSkuRequiresPublicFrontend"); len(p) != 0 {
		t.Errorf("%v", p)
	}
	alone := strings.Replace(basic,
		`{"publicIPAddress":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p"}}`,
		`{"privateIPAddress":"10.0.0.9"}`, 1)
	if p := coded(t, []byte(alone), "ApplicationGatewayBasicSkuRequiresPublicFrontend"); len(p) != 1 {
		t.Errorf("%v", p)
	}
}
