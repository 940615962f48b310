package document

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// flaw is a mistake that somebody makes in a document, and how it must be reported.
type flaw struct {
	name, code, path string
	plant            func(doc map[string]any)
}

func flaws() []flaw {
	props := func(doc map[string]any, collection string, i int) map[string]any {
		return doc[collection].([]any)[i].(map[string]any)
	}
	set := func(collection string, i int, key string, v any) func(map[string]any) {
		return func(doc map[string]any) { props(doc, collection, i)[key] = v }
	}
	return []flaw{
		{
			"dangling pool", "InvalidResourceReference", "requestRoutingRules[0].backendAddressPool.id",
			set("requestRoutingRules", 0, "backendAddressPool", map[string]any{"id": "x/backendAddressPools/gone"}),
		},
		{
			"same priority", "ApplicationGatewayRequestRoutingRuleDuplicatePriority", "requestRoutingRules[2].priority",
			set("requestRoutingRules", 2, "priority", 2),
		},
		{"same name", "DuplicateResourceName", "backendAddressPools[2].name", set("backendAddressPools", 2, "name", "POOL1")},
		{
			"timeout", "ApplicationGatewayBackendHttpSettingsRequestTimeoutOutOfRange", "backendHttpSettingsCollection[1].requestTimeout",
			set("backendHttpSettingsCollection", 1, "requestTimeout", 0),
		},
		{
			"protocol", "ApplicationGatewayBackendHttpSettingsProtocolInvalid", "backendHttpSettingsCollection[2].protocol",
			set("backendHttpSettingsCollection", 2, "protocol", "gopher"),
		},
		{
			"no certificate", "ApplicationGatewayHttpsListenerMustReferenceSslCertificate", "httpListeners[1].sslCertificate",
			set("httpListeners", 1, "protocol", "Https"),
		},
		{"port", "ApplicationGatewayFrontendPortPortOutOfRange", "frontendPorts[3].port", set("frontendPorts", 3, "port", 70000)},
		{
			"member", "ApplicationGatewayBackendAddressInvalid", "backendAddressPools[0].backendAddresses[0].ipAddress",
			set("backendAddressPools", 0, "backendAddresses", []any{map[string]any{"ipAddress": "here"}}),
		},
		{"unknown key", "UnknownProperty", "httpListeners[0].hostnams", set("httpListeners", 0, "hostnams", []any{"a"})},
		{"not served", "NotServed", "enableHttp2", func(doc map[string]any) { doc["enableHttp2"] = true }},
	}
}

// soundDocument has four of everything, on ports of their own.
func soundDocument() map[string]any {
	ref := func(collection string, i int) map[string]any {
		return map[string]any{"id": fmt.Sprintf("x/%s/%s%d", collection, strings.ToLower(collection[:4]), i)}
	}
	doc := map[string]any{
		"name": "gw", "sku": map[string]any{"name": "Standard_v2", "tier": "Standard_v2", "capacity": 1},
		"frontendIPConfigurations": []any{map[string]any{"name": "fron0"}},
	}
	add := func(collection string, child map[string]any) {
		items, _ := doc[collection].([]any)
		doc[collection] = append(items, child)
	}
	for i := range 4 {
		add("frontendPorts", map[string]any{"name": fmt.Sprint("fron", i), "port": 8000 + i})
		add("backendAddressPools", map[string]any{
			"name":             fmt.Sprint("pool", i),
			"backendAddresses": []any{map[string]any{"ipAddress": "10.0.0.4"}},
		})
		add("backendHttpSettingsCollection", map[string]any{"name": fmt.Sprint("back", i), "port": 80, "protocol": "Http"})
		add("httpListeners", map[string]any{
			"name": fmt.Sprint("http", i), "protocol": "Http",
			"frontendIPConfiguration": ref("frontendIPConfigurations", 0), "frontendPort": ref("frontendPorts", i),
		})
		add("requestRoutingRules", map[string]any{
			"name": fmt.Sprint("rule", i), "ruleType": "Basic", "priority": i + 1, "httpListener": ref("httpListeners", i),
			"backendAddressPool":  map[string]any{"id": fmt.Sprint("x/backendAddressPools/pool", i)},
			"backendHttpSettings": ref("backendHttpSettingsCollection", i),
		})
	}
	return doc
}

// TestEveryPlantedFlawIsFound plants any set of flaws and expects each of them, whatever else is wrong.
func TestEveryPlantedFlawIsFound(t *testing.T) {
	if d := parseMap(t, soundDocument()); len(d.Problems()) > 0 {
		t.Fatalf("the sound document has problems:\n%s", problemText(d.Problems()))
	}
	all := flaws()
	rapid.Check(t, func(t *rapid.T) {
		doc, chosen := soundDocument(), []flaw{}
		for _, f := range all {
			if rapid.Bool().Draw(t, f.name) {
				f.plant(doc)
				chosen = append(chosen, f)
			}
		}
		problems := parseMap(t, doc).Problems()
		for _, f := range chosen {
			if !hasProblem(problems, f.code, f.path) {
				t.Fatalf("%s (%s at %s) is not found among:\n%s", f.name, f.code, f.path, problemText(problems))
			}
		}
		if len(chosen) == 0 && len(problems) > 0 {
			t.Fatalf("problems from nowhere:\n%s", problemText(problems))
		}
	})
}

func parseMap(t interface{ Fatalf(string, ...any) }, doc map[string]any) *Document {
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	d, err := Parse(data)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return d
}

func TestLimitsAreCounted(t *testing.T) {
	f := func(tier, collection string, most int) {
		t.Helper()
		doc := soundDocument()
		doc["sku"] = map[string]any{"tier": tier, "capacity": 1}
		if tier == "WAF" {
			doc["sku"] = map[string]any{"name": "WAF_Medium", "tier": tier, "capacity": 1}
			doc["webApplicationFirewallConfiguration"] = map[string]any{
				"enabled": true, "firewallMode": "Detection",
				"ruleSetType": "OWASP", "ruleSetVersion": "3.0",
			}
		}
		for _, exceed := range []int{0, 1} {
			items := []any{}
			for i := range most + exceed {
				items = append(items, map[string]any{"name": fmt.Sprint("n", i)})
			}
			doc[collection] = items
			got := hasProblem(parseMap(t, doc).Problems(), "ApplicationGatewayResourceLimitExceeded", collection)
			if got != (exceed == 1) {
				t.Errorf("%s: %d %s: reported %v", tier, most+exceed, collection, got)
			}
		}
	}
	f("Standard_v2", "frontendIPConfigurations", 4)
	f("Standard_v2", "frontendPorts", 100)
	f("Standard_v2", "backendAddressPools", 100)
	f("Standard_v2", "backendHttpSettingsCollection", 100)
	f("Standard_v2", "httpListeners", 200)
	f("Standard_v2", "requestRoutingRules", 400)
	f("Standard_v2", "sslCertificates", 100)
	f("Standard_v2", "redirectConfigurations", 100)
	f("Standard_v2", "rewriteRuleSets", 400)
	f("Basic", "httpListeners", 5)
	f("Basic", "backendAddressPools", 5)
	f("Basic", "requestRoutingRules", 5)
	f("WAF", "httpListeners", 40)
	f("WAF", "frontendPorts", 40)
}
