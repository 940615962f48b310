package arm

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"causeway/internal/admin"
	"causeway/internal/gateway"
)

// readHealth is the backend health of all instances of all nodes. With $expand the pools and settings come whole instead of by id.
func readHealth(q *request) (response, error) {
	g, err := q.found()
	if err != nil {
		return response{}, err
	}
	if err := q.probing(); err != nil {
		return response{}, err
	}
	nodes := q.survey()
	health, err := q.health(nodes)
	if err != nil {
		return response{}, err
	}
	if q.URL.Query().Get("$expand") == "" {
		return nodes.ok(health)
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
	return nodes.ok(map[string]any{
		"backendAddressPools": pools,
		"causewayUnserved":    health.Unserved,
	})
}

// probing refuses a question about the health of members to a gateway that is stopped on purpose: no instance probes them. Clients do not
// ask again after 409.
func (q *request) probing() error {
	if !q.server.gateway.Status().Stopped {
		return nil
	}
	return refuse(http.StatusConflict, "ApplicationGatewayIsStopped",
		"the gateway is stopped on purpose, and no instance probes the members: start it with az network application-gateway start or causeway start, and ask again")
}

// health joins what the instances of all nodes see, as each node joins what its own do. A node of which no instance answers is missing,
// this one too.
func (q *request) health(nodes *survey) (gateway.Health, error) {
	var own map[string]gateway.Health
	var silent error
	others := ask[map[string]gateway.Health](nodes, "health", nil, func() { own, silent = q.server.gateway.InstanceHealth() })
	views := maps.Clone(own)
	if views == nil {
		views = map[string]gateway.Health{}
	}
	for _, other := range others {
		maps.Copy(views, other)
	}
	if len(views) == 0 {
		health, err := q.server.gateway.Health()
		return health, withoutHealth(err)
	}
	if silent != nil {
		nodes.lack(q.server.gateway.Node(), silent)
	}
	h := gateway.MergeHealth(views)
	nodes.note(&h)
	return h, nil
}

// withoutHealth refuses to answer for instances of which none does, on any node. Clients ask again after 503.
func withoutHealth(why error) error {
	if why == nil {
		return nil
	}
	return refuse(http.StatusServiceUnavailable, "BackendHealthUnavailable", "%s", withHint(why.Error(), admin.HintOf(why)))
}

// note says in the health of each member whose view it lacks.
func (s *survey) note(h *gateway.Health) {
	h.Missing = s.missing
	if len(s.silent) == 0 {
		return
	}
	text := "Node " + strings.Join(s.silent, ", ") + " did not answer; what its instances see is not included."
	for _, p := range h.Pools {
		for _, settings := range p.Settings {
			for i := range settings.Servers {
				at := &settings.Servers[i]
				if at.Detail = strings.TrimSuffix(at.Detail, "."); at.Detail != "" {
					at.Detail += ". "
				}
				at.Detail += text
			}
		}
	}
}

// nodeHealth answers for this node alone.
func nodeHealth(q *request) (response, error) {
	views, err := q.server.gateway.InstanceHealth()
	if err != nil {
		return response{}, withoutHealth(err)
	}
	return ok(views)
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
