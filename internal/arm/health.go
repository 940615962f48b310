package arm

import (
	"encoding/json"
	"fmt"
	"strings"

	"causeway/internal/gateway"
)

// readHealth is the backend health of all instances. With $expand the pools and settings come whole instead of by id.
func readHealth(q *request) (response, error) {
	g, err := q.found()
	if err != nil {
		return response{}, err
	}
	health, err := q.server.gateway.Health()
	if err != nil {
		return response{}, err
	}
	if q.URL.Query().Get("$expand") == "" {
		return ok(health)
	}
	whole, err := q.whole(g)
	if err != nil {
		return response{}, err
	}
	pools := []any{}
	for _, p := range health.Pools {
		settings := []any{}
		for _, s := range p.Settings {
			settings = append(settings, map[string]any{"backendHttpSettings": whole(s.Settings.ID), "servers": s.Servers})
		}
		pools = append(pools, map[string]any{"backendAddressPool": whole(p.Pool.ID), "backendHttpSettingsCollection": settings})
	}
	return ok(map[string]any{"backendAddressPools": pools, "causewayUnserved": health.Unserved})
}

// whole finds a pool or settings by its id, for an answer that has them instead of their ids.
func (q *request) whole(g served) (func(id string) any, error) {
	children, err := childrenByID(q.server.resource(g))
	return func(id string) any {
		if child, ok := children[strings.ToLower(id)]; ok {
			return child
		}
		return gateway.Ref{ID: id}
	}, err
}

// childrenByID are the pools and settings of a resource, by id in lower case.
func childrenByID(resource []byte) (map[string]any, error) {
	var g struct {
		Properties struct {
			BackendAddressPools           []map[string]any
			BackendHTTPSettingsCollection []map[string]any
		}
	}
	if err := json.Unmarshal(resource, &g); err != nil {
		return nil, fmt.Errorf("expand the backend health: %w", err)
	}
	out := map[string]any{}
	for _, child := range append(g.Properties.BackendAddressPools, g.Properties.BackendHTTPSettingsCollection...) {
		if id, ok := child["id"].(string); ok {
			out[strings.ToLower(id)] = child
		}
	}
	return out, nil
}
