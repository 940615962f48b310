package document

import (
	"strings"
	"testing"

	"causeway/internal/gateway"
)

// custom is a policy with these custom rules.
func custom(rules ...string) string {
	return `{"properties":{"customRules":[` + strings.Join(rules, ",") + `],"managedRules":{"managedRuleSets":[]}}}`
}

func TestAFirewallPolicyInCanonicalForm(t *testing.T) {
	text, problems, err := FirewallPolicy([]byte(`{"Location":"westeurope","etag":"old","Tags":{"Team":"edge"},"properties":{
		"PolicySettings":{"mode":"prevention","State":"enabled","maxRequestBodySizeInKb":"128"},"httpListeners":[{"id":"/x"}],
		"managedRules":{"ManagedRuleSets":[{"RuleSetType":"OWASP","ruleSetVersion":3.2}]},
		"customRules":[{"Name":"a","priority":"5","ruleType":"matchrule","action":"block","matchConditions":[
			{"matchVariables":[{"variableName":"remoteaddr"}],"operator":"ipmatch","matchValues":["10.0.0.0/8"]}]}],"later":{"X":1}}}`))
	if err != nil || gateway.HasErrors(problems) {
		t.Fatalf("%v %v", err, problems)
	}
	plain := strings.NewReplacer(" ", "", "\n", "").Replace(string(text))
	const want = `{"location":"westeurope","tags":{"Team":"edge"},"properties":{` +
		`"policySettings":{"state":"Enabled","mode":"Prevention","maxRequestBodySizeInKb":128},` +
		`"customRules":[{"name":"a","priority":5,"ruleType":"MatchRule","matchConditions":[{"matchVariables":[{"variableName":"RemoteAddr"}],` +
		`"operator":"IPMatch","matchValues":["10.0.0.0/8"]}],"action":"Block"}],` +
		`"managedRules":{"managedRuleSets":[{"ruleSetType":"OWASP","ruleSetVersion":"3.2"}]},"later":{"X":1}}}`
	if plain != want {
		t.Errorf("%s\nwant\n%s", plain, want)
	}
}

func TestWrongFirewallPolicies(t *testing.T) {
	rule := func(name, more string) string {
		return `{"name":"` + name + `","ruleType":"MatchRule","action":"Block","matchConditions":[{"operator":"Any","matchVariables":[{"variableName":"RemoteAddr"}]}]` + more + `}`
	}
	for _, c := range []struct{ text, code, path string }{
		{`{}`, "ApplicationGatewayFirewallPolicyManagedRulesCannotBeEmpty", "properties.managedRules"},
		{`{"properties":7}`, "InvalidRequestFormat", "properties"},
		{custom(rule("a", "")), "ApplicationGatewayFirewallCustomRulePriorityCannotBeEmpty", "properties.customRules[0].priority"},
		{custom(rule("a", `,"priority":101`)), "ApplicationGatewayFirewallCustomRulePriorityOutOfRange", "properties.customRules[0].priority"},
		{
			custom(rule("a", `,"priority":1`), rule("b", `,"priority":1`)), "ApplicationGatewayFirewallCustomRulePriorityDuplicate",
			"properties.customRules[1].priority",
		},
		{
			custom(rule("a", `,"priority":1`), rule("A", `,"priority":2`)), "ApplicationGatewayFirewallCustomRuleNameDuplicate",
			"properties.customRules[1].name",
		},
		{
			custom(strings.Replace(rule("a", `,"priority":1`), "Block", "Blok", 1)), "ApplicationGatewayFirewallCustomRuleActionInvalid",
			"properties.customRules[0].action",
		},
	} {
		_, problems, err := FirewallPolicy([]byte(c.text))
		if err != nil || !hasProblem(problems, c.code, c.path) {
			t.Errorf("%s: %v, no %s at %s among:\n%s", c.text, err, c.code, c.path, problemText(problems))
		}
	}
	for _, text := range []string{"", "[]", "{", `"x"`} {
		if _, _, err := FirewallPolicy([]byte(text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
