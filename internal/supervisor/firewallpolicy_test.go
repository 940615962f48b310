//go:build linux

package supervisor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The firewall is not served. A gateway that refers to a policy is refused with the name of the protection, whether the whole
// gateway, a listener or a path rule refers to it, and however it comes.
func TestAGatewayWithAFirewallPolicyIsRefused(t *testing.T) {
	const group = "/subscriptions/s/resourceGroups/g"
	const network = group + "/providers/Microsoft.Network"
	const path, policy = network + "/applicationGateways/gw", network + "/ApplicationGatewayWebApplicationFirewallPolicies/shield"
	const reference = `"firewallPolicy":{"id":"` + policy + `"}`
	h := newHouse(t)
	document, err := os.ReadFile(h.o.Config)
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.ReplaceAll(string(document), "Standard_v2", "WAF_v2")
	h.o.Config, h.o.APISocket = "", filepath.Join(t.TempDir(), "api.sock")
	h.start()
	defer h.end()
	c := h.onSocket()
	if status, text := c.do(http.MethodPut, group, `{"location":"westeurope"}`); status != http.StatusCreated {
		t.Fatalf("the group: %d %s", status, text)
	}
	status, text := c.do(http.MethodPut, policy,
		`{"location":"westeurope","properties":{"managedRules":{"managedRuleSets":[{"ruleSetType":"OWASP","ruleSetVersion":"3.2"}]}}}`)
	if status != http.StatusCreated {
		t.Fatalf("the policy: %d %s", status, text)
	}
	refused := func(what string, status int, text string) {
		t.Helper()
		if status < 400 || status > 499 || !strings.Contains(text, `"ProtectionNotServed"`) {
			t.Errorf("%s: %d %s", what, status, text)
		}
	}
	pathMap := fmt.Sprintf(`"properties":{"urlPathMaps":[{"name":"m","properties":{"defaultBackendAddressPool":{"id":"%[1]s/backendAddressPools/pool"},
		"defaultBackendHttpSettings":{"id":"%[1]s/backendHttpSettingsCollection/settings"},"pathRules":[{"name":"a","properties":{"paths":["/a"],
		"backendAddressPool":{"id":"%[1]s/backendAddressPools/pool"},"backendHttpSettings":{"id":"%[1]s/backendHttpSettingsCollection/settings"},`, path)
	for what, bad := range map[string]string{
		"gateway":   strings.Replace(plain, `"properties":{`, `"properties":{`+reference+`,`, 1),
		"listener":  strings.Replace(plain, `"protocol":"Http","frontend`, reference+`,"protocol":"Http","frontend`, 1),
		"path rule": strings.Replace(plain, `"properties":{`, pathMap+reference+`}}]}}],`, 1),
	} {
		if bad == plain {
			t.Fatalf("%s: the document has no place for the reference", what)
		}
		status, text := c.do(http.MethodPut, path, bad)
		refused("PUT "+what, status, text)
		template, err := json.Marshal(map[string]any{"properties": map[string]any{
			"mode": "Incremental",
			"template": map[string]any{
				"$schema":   "https://x/deploymentTemplate.json#",
				"resources": []any{json.RawMessage(strings.Replace(bad, "{", `{"type":"Microsoft.Network/applicationGateways","apiVersion":"2024-03-01",`, 1))},
			},
		}})
		if err != nil {
			t.Fatal(err)
		}
		status, text = c.do(http.MethodPut, group+"/providers/Microsoft.Resources/deployments/d", string(template))
		refused("deploy "+what, status, text)
	}
	if status, text := c.do(http.MethodPut, path, plain); status != http.StatusCreated {
		t.Fatalf("without a policy: %d %s", status, text)
	}
	status, text = c.do(http.MethodPatch, path, `{"tags":{},"properties":{`+reference+`}}`)
	refused("PATCH", status, text)
	if status, text = c.do(http.MethodGet, path, ""); status != http.StatusOK || strings.Contains(text, "firewallPolicy") {
		t.Errorf("%d %s", status, text)
	}
}
