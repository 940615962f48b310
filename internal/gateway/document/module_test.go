package document

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"causeway/internal/gateway"
)

// A gateway comes out of a module inside a module, as Bicep compiles them: the network beside it cannot be evaluated, zones
// are an array with allowed values, identities are collected by a lambda, rules name no type.
func TestModuleInsideAModule(t *testing.T) {
	data := readTestFile(t, "module.template.json")
	d := parseTemplate(t, data, nil)
	if gateway.HasErrors(d.Problems()) {
		t.Fatalf("problems:\n%s", problemText(d.Problems()))
	}
	c := d.Config
	wantMembers := []gateway.Address{{IP: "10.20.1.4"}, {IP: "10.20.1.5"}, {IP: "10.20.1.6"}}
	if diff := cmp.Diff(wantMembers, c.Pools[0].Members); diff != "" {
		t.Error(diff)
	}
	if c.Name != "harbour-gw" || c.Rules[0].Type != "Basic" || c.Rules[0].Listener != "all" || c.FrontendPorts[0].Port != 80 {
		t.Errorf("%+v", c)
	}
	// No warning speaks of the siblings; what the gateway itself leaves open is two ids, and a rule without a type.
	for _, w := range warningsOf(d.Problems()) {
		if !strings.HasPrefix(w, "TemplateValueUnknown resources.gateway.properties.parameters.") &&
			!strings.HasPrefix(w, "ApplicationGatewayRequestRoutingRuleRuleTypeCannotBeEmpty ") {
			t.Errorf("warning: %s", w)
		}
	}
	d = parseTemplate(t, data, []byte(`{"zones":[1,7]}`))
	if got := errorsOf(d.Problems()); !slices.Equal(got,
		[]string{"TemplateParameterNotAllowed resources.gateway.properties.template.parameters.zones[1]"}) {
		t.Errorf("zones: %v", got)
	}
}

// Role assignments and diagnostic settings of the gateway are resources of their own: what is wrong with them is no concern
// of its document.
func TestWhatHangsOnAGateway(t *testing.T) {
	gateway := gatewayResource("gw", "")
	f := func(resource, path string) {
		t.Helper()
		d := parseTemplate(t, armTemplate(`"parameters":{"principal":{"type":"string"}},`, gateway+","+resource), nil)
		want := []string{"TemplateResourceIgnored " + path, "ApplicationGatewayHttpListenersCannotBeEmpty properties.httpListeners"}
		if got := codes(d.Problems()); !slices.Equal(got, want) {
			t.Errorf("%s: got %v", resource, got)
		}
	}
	assignment := `{"type":"Microsoft.Network/applicationgateways/providers/roleAssignments","name":"[nowhere()]","properties":{"principalId":"[parameters('principal')]"}}`
	f(assignment, "resources[1]")
	f(`{"type":"Microsoft.Resources/deployments","name":"[parameters('principal')]","properties":{"template":`+
		string(armTemplate("", assignment))+`}}`, "resources[1]")
	f(`{"type":"Microsoft.Network/applicationGateways/privateEndpointConnections","name":"gw/c","properties":{"x":"[parameters('principal')]"}}`, "resources[1]")
}

// Azure takes a rule without a type as Basic, or as path-based if it has a path map.
func TestRulesWithoutAType(t *testing.T) {
	f := func(replace, by, want string) {
		t.Helper()
		d := parseTemplate(t, ferry(t, "", replace, by), nil)
		warnings := warningsOf(d.Problems())
		if gateway.HasErrors(d.Problems()) || len(warnings) != 1 ||
			!strings.HasPrefix(warnings[0], "ApplicationGatewayRequestRoutingRuleRuleTypeCannotBeEmpty ") {
			t.Errorf("problems:\n%s", problemText(d.Problems()))
		}
		if got := d.Config.Rules[0].Type + " " + d.Config.Rules[1].Type; got != want ||
			strings.Count(string(d.Effective()), `"ruleType"`) != 2 {
			t.Errorf("got %s, want %s\n%s", got, want, d.Effective())
		}
	}
	f(`"ruleType":"Basic",`, "", "Basic PathBasedRouting")
	f(`"ruleType":"PathBasedRouting",`, "", "Basic PathBasedRouting")
	d := parseTemplate(t, ferry(t, "", `"ruleType":"Basic",`, "",
		`"backendAddressPool":{"id":"@backendAddressPools/web"},"backendHttpSettings":{"id":"@backendHttpSettingsCollection/s"}}`,
		`"tags":1}`), nil)
	if !slices.Contains(errorsOf(d.Problems()),
		"ApplicationGatewayRequestRoutingRuleTargetCannotBeEmpty properties.requestRoutingRules[0].properties") {
		t.Errorf("a rule that leads nowhere stays an error:\n%s", problemText(d.Problems()))
	}
}

func TestFirewallWithoutARuleSet(t *testing.T) {
	d := parseTemplate(t, ferry(t, "", `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`,
		`"sku":{"name":"WAF_v2","tier":"WAF_v2","capacity":1},"webApplicationFirewallConfiguration":{"enabled":true,"firewallMode":"Prevention"}`), nil)
	if gateway.HasErrors(d.Problems()) ||
		!hasProblem(d.Problems(), "ApplicationGatewayWebApplicationFirewallConfigurationRuleSetVersionCannotBeEmpty",
			"properties.webApplicationFirewallConfiguration.ruleSetVersion") {
		t.Errorf("problems:\n%s", problemText(d.Problems()))
	}
}
