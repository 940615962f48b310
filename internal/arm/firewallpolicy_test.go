package arm

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const (
	policiesURL = networkURL + "/ApplicationGatewayWebApplicationFirewallPolicies"
	policyURL   = policiesURL + "/shield"

	// shield is a policy as az network application-gateway waf-policy create sends it.
	shield = `{"location":"westeurope","properties":{"PolicySettings":{"state":"enabled","mode":"prevention"},"customRules":[],
		"managedRules":{"managedRuleSets":[{"ruleSetType":"OWASP","ruleSetVersion":"3.2"}],"exclusions":[]}}}`
)

func TestAFirewallPolicy(t *testing.T) {
	w := deploying(t)
	created := w.do("PUT", strings.ToLower(policiesURL)+"/shield", shield)
	if created.status != http.StatusCreated {
		t.Fatalf("%d %s", created.status, created.text)
	}
	for want, path := range map[string][]string{
		"Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies": {"type"},
		"shield":     {"name"},
		"Succeeded":  {"properties", "provisioningState"},
		"Prevention": {"properties", "policySettings", "mode"},
	} {
		if got := created.at(t, path...); got != want {
			t.Errorf("%v: %v, want %s", path, got, want)
		}
	}
	if id, _ := created.at(t, "id").(string); !strings.HasSuffix(id, "/ApplicationGatewayWebApplicationFirewallPolicies/shield") {
		t.Errorf("the id is %s", id)
	}
	patched := w.do("PATCH", policyURL, `{"tags":{"team":"edge"}}`)
	if patched.status != http.StatusOK || patched.at(t, "tags", "team") != "edge" || patched.at(t, "etag") == created.at(t, "etag") {
		t.Errorf("%d %s", patched.status, patched.text)
	}
	if again := w.do("GET", policyURL, ""); again.text != patched.text || again.at(t, "etag") == nil {
		t.Errorf("%d %s", again.status, again.text)
	}
	for path, want := range map[string]int{
		policiesURL: 1,
		"/subscriptions/s/providers/Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies": 1,
		"/subscriptions/s/resources?$filter=" +
			url.QueryEscape("resourceType eq 'microsoft.network/applicationgatewaywebapplicationfirewallpolicies' and name eq 'SHIELD'"): 1,
		strings.Replace(policiesURL, "/rg/", "/other/", 1): 0,
	} {
		if all, _ := w.do("GET", path, "").at(t, "value").([]any); len(all) != want {
			t.Errorf("%s: %d", path, len(all))
		}
	}
	if a := w.do("GET", "/subscriptions/s/providers/Microsoft.Network", ""); !strings.Contains(a.text, `"ApplicationGatewayWebApplicationFirewallPolicies"`) {
		t.Errorf("%s", a.text)
	}
	if a := w.do("PATCH", policiesURL+"/none", `{"tags":{}}`); a.code() != "ResourceNotFound" {
		t.Errorf("%d %s", a.status, a.text)
	}
	for _, want := range []int{http.StatusOK, http.StatusNoContent} {
		if a := w.do("DELETE", policyURL, ""); a.status != want {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
}

func TestFirewallPoliciesThatAreRefused(t *testing.T) {
	w := deploying(t)
	for text, want := range map[string]string{
		`{`:  "InvalidRequestContent",
		`[]`: "InvalidRequestContent",
		`{}`: "ApplicationGatewayFirewallPolicyManagedRulesCannotBeEmpty",
		strings.Replace(shield, "prevention", "prayer", 1):                                   "ApplicationGatewayFirewallPolicyModeInvalid",
		strings.Replace(shield, `"customRules":[]`, `"customRules":[{"action":1}]`, 1):       "ApplicationGatewayFirewallCustomRuleActionInvalid",
		strings.Replace(shield, `"customRules":[]`, `"customRules":{"name":"x"}`, 1):         "InvalidRequestFormat",
		strings.Replace(shield, `"mode"`, `"fileUploadLimitInMb":"many","mode"`, 1):          "InvalidRequestFormat",
		strings.Replace(shield, `"mode"`, `"jsChallengeCookieExpirationInMins":1,"mode"`, 1): "ApplicationGatewayFirewallPolicyJsChallengeCookieExpirationInMinsOutOfRange",
	} {
		if a := w.do("PUT", policyURL, text); a.status != http.StatusBadRequest || a.code() != want {
			t.Errorf("%s: %d %s", text, a.status, a.text)
		}
	}
	if a := w.do("GET", policyURL, ""); a.status != http.StatusNotFound {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestAFirewallPolicyThatSomebodyHasChanged(t *testing.T) {
	w := deploying(t)
	if a := w.do("PUT", policyURL, shield, "If-Match", `W/"1"`); a.status != http.StatusPreconditionFailed {
		t.Errorf("one that does not exist: %d %s", a.status, a.text)
	}
	tag, _ := w.do("PUT", policyURL, shield, "If-None-Match", "*").at(t, "etag").(string)
	if tag == "" {
		t.Fatal("the policy has no etag")
	}
	if a := w.do("PUT", policyURL, shield, "If-None-Match", "*"); a.status != http.StatusPreconditionFailed {
		t.Errorf("one that exists: %d %s", a.status, a.text)
	}
	if a := w.do("PATCH", policyURL, `{"tags":{"a":"b"}}`, "If-Match", tag); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.text)
	}
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		if a := w.do(method, policyURL, shield, "If-Match", tag); a.status != http.StatusPreconditionFailed || a.code() != "PreconditionFailed" {
			t.Errorf("%s: %d %s", method, a.status, a.text)
		}
	}
	if a := w.do("DELETE", policyURL, "", "If-Match", "*"); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// withPolicy is a template that makes a policy and nothing else.
func withPolicy(properties string) string {
	return `{"$schema":"https://x/deploymentTemplate.json#","resources":[{"type":"Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
		"apiVersion":"2024-03-01","name":"shield","location":"westeurope","properties":` + properties + `}]}`
}

func TestTemplatesDeployFirewallPolicies(t *testing.T) {
	w := deploying(t)
	good := withPolicy(`{"policySettings":{"mode":"detection"},"managedRules":{"managedRuleSets":[{"ruleSetType":"OWASP","ruleSetVersion":"3.2"}]}}`)
	if a := w.do("POST", deploymentsURL+"/first/validate", body(withPolicy(`{}`))); a.status != http.StatusBadRequest ||
		a.at(t, "error", "details", "0", "code") != "ApplicationGatewayFirewallPolicyManagedRulesCannotBeEmpty" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("PUT", deploymentsURL+"/first", body(good)); a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", policyURL, ""); a.at(t, "properties", "policySettings", "mode") != "Detection" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if c := changesOf(t, w.do("POST", deploymentsURL+"/first/whatIf", body(good)))["shield"]; c.Kind != "NoChange" {
		t.Errorf("%+v", c)
	}
	exported := w.do("POST", groupURL+"/exportTemplate", `{"resources":["*"]}`)
	if exported.at(t, "template", "resources", "0", "name") != "shield" || exported.at(t, "template", "resources", "0", "etag") != nil {
		t.Errorf("%d %s", exported.status, exported.text)
	}
}

// A gateway whose owner allows it refers to policies. They know the gateway then, and stay.
func TestAFirewallPolicyInUse(t *testing.T) {
	w := deploying(t)
	for _, name := range []string{"shield", "other"} {
		w.do("PUT", policiesURL+"/"+name, shield)
	}
	w.refersTo()
	a := w.do("GET", policyURL, "")
	if a.at(t, "properties", "httpListeners", "0", "id") != gatewayURL+"/httpListeners/l" || a.at(t, "properties", "applicationGateways") != nil {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("DELETE", policyURL, ""); a.status != http.StatusConflict || a.code() != "ResourceInUse" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("DELETE", policiesURL+"/other", ""); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// A PATCH changes no properties. One that asks for a firewall is refused instead of ignored.
func TestAPatchAsksForAFirewall(t *testing.T) {
	w := newWorld(t)
	w.created()
	for _, properties := range []string{
		`{"firewallPolicy":{"id":"` + policyURL + `"}}`,
		`{"httpListeners":[{"name":"l","properties":{"FirewallPolicy":{"id":"x"}}}]}`,
		`{"webApplicationFirewallConfiguration":{"enabled":true}}`,
	} {
		if a := w.do("PATCH", gatewayURL, `{"tags":{"a":"b"},"properties":`+properties+`}`); a.code() != "ProtectionNotServed" {
			t.Errorf("%s: %d %s", properties, a.status, a.text)
		}
	}
	if a := w.do("GET", gatewayURL, ""); a.at(t, "tags", "a") != nil {
		t.Errorf("%s", a.text)
	}
	if a := w.do("PATCH", gatewayURL, `{"tags":{"a":"b"},"properties":{"firewallPolicy":null}}`); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.text)
	}
}
