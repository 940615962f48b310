package arm

import (
	"net/http"
	"regexp"
	"strings"

	"causeway/internal/gateway"
)

// DefaultSubscription is the one that a Causeway without a gateway has; gateways without an id are in it, too.
const DefaultSubscription = "00000000-0000-0000-0000-000000000000"

// location is where everything is, unless the gateway says otherwise.
const location = "causeway"

var wellFormedSubscription = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// list is an answer with several values.
type list struct {
	Value any `json:"value"`
}

func listTenants(*request) (response, error) {
	return ok(list{[]any{map[string]any{"id": "/tenants/" + tenant, "tenantId": tenant, "displayName": cloudName}}})
}

// subscription is the one that the gateway is in.
func (s *Server) subscription() string {
	if g := s.current(); g.doc != nil {
		if id, ok := parseID(g.doc.Config.ResourceID()); ok {
			return id.subscription
		}
	}
	return DefaultSubscription
}

func describeSubscription(id string) map[string]any {
	return map[string]any{
		"id":                  "/subscriptions/" + id,
		"subscriptionId":      id,
		"tenantId":            tenant,
		"displayName":         cloudName,
		"state":               "Enabled",
		"authorizationSource": "RoleBased",
		"managedByTenants":    []any{},
		"subscriptionPolicies": map[string]any{
			"locationPlacementId": "Public_2014-09-01",
			"quotaId":             "Internal_2014-09-01",
			"spendingLimit":       "Off",
		},
	}
}

func listSubscriptions(q *request) (response, error) {
	return ok(list{[]any{describeSubscription(q.server.subscription())}})
}

// readSubscription answers for every subscription: documents that come from Azure keep the one that they have.
func readSubscription(q *request) (response, error) {
	if !wellFormedSubscription.MatchString(q.vars["subscription"]) {
		return response{}, refuse(http.StatusBadRequest, "InvalidSubscriptionId", "the subscription id is malformed")
	}
	return ok(describeSubscription(strings.ToLower(q.vars["subscription"])))
}

func listLocations(q *request) (response, error) {
	at := q.server.location()
	return ok(list{[]any{map[string]any{
		"id":                  "/subscriptions/" + q.vars["subscription"] + "/locations/" + at,
		"name":                at,
		"displayName":         at,
		"regionalDisplayName": at,
		"type":                "Region",
		"metadata":            map[string]any{"regionType": "Physical", "regionCategory": "Recommended"},
	}}})
}

// location is the gateway's.
func (s *Server) location() string {
	if g := s.current(); g.doc != nil && g.doc.Config.Location != "" {
		return g.doc.Config.Location
	}
	return location
}

// providers are those of which this API has resources: the types, in the order of what they depend on.
var providers = map[string][]string{
	"Microsoft.Network": {
		"virtualNetworks", "virtualNetworks/subnets", "networkSecurityGroups", "publicIPAddresses",
		"ApplicationGatewayWebApplicationFirewallPolicies", "applicationGateways",
	},
	"Microsoft.Resources": {"resourceGroups", "subscriptions", "deployments"},
}

// versions of a resource type, the newest first. Clients choose one; every one gets the same shape.
var versions = []string{"2025-05-01", "2025-03-01", "2025-01-01", "2024-05-01", "2023-11-01", "2022-05-01", "2021-04-01"}

func (q *request) provider(name string) map[string]any {
	var types []any
	for _, t := range providers[name] {
		types = append(types, map[string]any{
			"resourceType": t, "locations": []string{q.server.location()}, "apiVersions": versions, "defaultApiVersion": versions[0],
			"capabilities": "SupportsTags, SupportsLocation",
		})
	}
	return map[string]any{
		"id":                "/subscriptions/" + q.vars["subscription"] + "/providers/" + name,
		"namespace":         name,
		"registrationState": "Registered",
		"resourceTypes":     types,
	}
}

func listProviders(q *request) (response, error) {
	return ok(list{[]any{q.provider("Microsoft.Network"), q.provider("Microsoft.Resources")}})
}

func readProvider(q *request) (response, error) {
	for name := range providers {
		if strings.EqualFold(name, q.vars["provider"]) {
			return ok(q.provider(name))
		}
	}
	return response{}, refuse(http.StatusNotFound, "InvalidResourceNamespace",
		"the resource namespace %q is not one of this API", q.vars["provider"])
}

// resourceID are the parts of the id of a resource.
type resourceID struct{ subscription, group, collection, name string }

// parseID reads the id of a resource of Microsoft.Network.
func parseID(id string) (resourceID, bool) {
	segments, ok := splitPath(id)
	if !ok {
		return resourceID{}, false
	}
	v, ok := parsePattern(networkPath + "/{collection}/{name}").match(segments)
	return resourceID{v["subscription"], v["group"], v["collection"], v["name"]}, ok
}

func (r resourceID) String() string {
	return "/subscriptions/" + r.subscription + "/resourceGroups/" + r.group + "/providers/Microsoft.Network/" + r.collection + "/" + r.name
}

// isOf reports whether an id names the same resource, in any case.
func (r resourceID) isOf(c *gateway.Config) bool {
	return strings.EqualFold(r.String(), c.ResourceID())
}
