package arm

import (
	"encoding/json"
	"slices"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
)

// firewallPolicies are kept and checked for their clients. Causeway inspects no requests: a gateway that refers to one is refused
// unless its owner allows that.
var firewallPolicies = neighbour{
	collection: "ApplicationGatewayWebApplicationFirewallPolicies",
	read:       readFirewallPolicy,
	users:      firewallPolicyUsers,
	tags:       true,
}

func readFirewallPolicy(o map[string]any) (map[string]any, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	canonical, problems, err := document.FirewallPolicy(text)
	if err != nil {
		return nil, err
	}
	if gateway.HasErrors(problems) {
		return nil, invalid(problems)
	}
	var out map[string]any
	return out, json.Unmarshal(canonical, &out)
}

// firewallPolicyUsers are the parts of the gateway that refer to a policy, by the property of the policy that lists them.
func firewallPolicyUsers(q *request, id string) map[string][]any {
	g := q.server.current()
	if g.doc == nil {
		return nil
	}
	var resource map[string]any
	if json.Unmarshal(q.server.resource(g), &resource) != nil {
		return nil
	}
	users := map[string][]any{}
	add := func(property string, part map[string]any) {
		properties, _ := part["properties"].(map[string]any)
		policy, _ := properties["firewallPolicy"].(map[string]any)
		if at, _ := policy["id"].(string); strings.EqualFold(at, id) {
			users[property] = append(users[property], map[string]any{"id": part["id"]})
		}
	}
	add("applicationGateways", resource)
	for _, l := range children(resource, "httpListeners") {
		add("httpListeners", l)
	}
	for _, m := range children(resource, "urlPathMaps") {
		for _, rule := range children(m, "pathRules") {
			add("pathBasedRules", rule)
		}
	}
	return users
}

// children are the elements of a list within the properties of a resource.
func children(resource map[string]any, collection string) (out []map[string]any) {
	properties, _ := resource["properties"].(map[string]any)
	items, _ := properties[collection].([]any)
	for _, item := range items {
		if child, is := item.(map[string]any); is {
			out = append(out, child)
		}
	}
	return out
}

// asksForFirewall reports whether the body of a PATCH, which changes nothing but tags, asks for a firewall. To ignore that
// would leave the client in the belief that it has one.
func asksForFirewall(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			isFirewall := strings.EqualFold(key, "firewallPolicy") || strings.EqualFold(key, "webApplicationFirewallConfiguration")
			if isFirewall && value != nil || asksForFirewall(value) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, asksForFirewall)
	}
	return false
}
