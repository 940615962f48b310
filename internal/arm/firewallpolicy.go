package arm

import (
	"encoding/json"
	"net/http"
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
	if err := json.Unmarshal(canonical, &out); err != nil {
		return nil, err
	}
	return out, checkTracked(out)
}

// checkTracked refuses a resource without a location, and tags that are no texts.
func checkTracked(o map[string]any) error {
	if at, _ := o["location"].(string); at == "" {
		return refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.")
	}
	tags, isObject := o["tags"].(map[string]any)
	if o["tags"] != nil && !isObject {
		return invalidParameter("tags", "the tags are no object")
	}
	for name, value := range tags {
		if _, isText := value.(string); !isText {
			return invalidParameter("tags."+name, "the value of the tag %q is no text", name)
		}
	}
	return nil
}

// firewallPolicyUsers are the parts of the gateway that refer to a policy.
func firewallPolicyUsers(q *request) users {
	g := q.server.current()
	if g.doc == nil {
		return nil
	}
	var resource map[string]any
	if json.Unmarshal(q.server.resource(g), &resource) != nil {
		return nil
	}
	out := users{}
	add := func(property string, part map[string]any) {
		properties, _ := part["properties"].(map[string]any)
		policy, _ := properties["firewallPolicy"].(map[string]any)
		id, _ := policy["id"].(string)
		if id = strings.ToLower(id); id == "" {
			return
		}
		if out[id] == nil {
			out[id] = map[string][]any{}
		}
		out[id][property] = append(out[id][property], map[string]any{"id": part["id"]})
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
	return out
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
