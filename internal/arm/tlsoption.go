package arm

import (
	"net/http"
	"strings"

	"causeway/internal/certs"
	"causeway/internal/gateway/schema"
)

// tlsPolicies are the predefined ones, the oldest first.
var tlsPolicies = []string{schema.Policy2015, schema.Policy2017, schema.Policy2017S, schema.Policy2022, schema.Policy2022S}

const tlsOptionsPath = "/providers/Microsoft.Network/applicationGatewayAvailableSslOptions/default"

func (q *request) tlsPolicy(name string) map[string]any {
	minimum, suites := certs.Predefined(name)
	return map[string]any{
		"id":         "/subscriptions/" + q.vars["subscription"] + tlsOptionsPath + "/predefinedPolicies/" + name,
		"name":       name,
		"properties": map[string]any{"minProtocolVersion": minimum, "cipherSuites": suites},
	}
}

func listTLSOptions(q *request) (response, error) {
	base := "/subscriptions/" + q.vars["subscription"] + tlsOptionsPath
	var ids []any
	for _, p := range tlsPolicies {
		ids = append(ids, map[string]any{"id": base + "/predefinedPolicies/" + p})
	}
	return ok(map[string]any{
		"id":   base,
		"name": "default",
		"type": "Microsoft.Network/applicationGatewayAvailableSslOptions",
		"properties": map[string]any{
			"predefinedPolicies":    ids,
			"defaultPolicy":         schema.Policy2022,
			"availableCipherSuites": schema.CipherSuites(),
			"availableProtocols":    []string{"TLSv1_2", "TLSv1_3"},
		},
	})
}

func listTLSPolicies(q *request) (response, error) {
	var all []any
	for _, p := range tlsPolicies {
		all = append(all, q.tlsPolicy(p))
	}
	return ok(list{all})
}

func readTLSPolicy(q *request) (response, error) {
	for _, p := range tlsPolicies {
		if strings.EqualFold(p, q.vars["policy"]) {
			return ok(q.tlsPolicy(p))
		}
	}
	return response{}, refuse(http.StatusNotFound, "ResourceNotFound", "there is no predefined TLS policy %q", q.vars["policy"])
}
