package arm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
	"causeway/internal/gateway/validate"
	"causeway/internal/probe"
)

// onDemand is the body of getBackendHealthOnDemand.
type onDemand struct {
	Protocol string
	Host     string
	Path     string
	Timeout  int  // seconds
	PickHost bool `json:"pickHostNameFromBackendHttpSettings"`
	Match    struct {
		Body        string
		StatusCodes []string
	}
	Pool     gateway.Ref `json:"backendAddressPool"`
	Settings gateway.Ref `json:"backendHttpSettings"`
}

// readOnDemand probes a pool once, as the body says.
func readOnDemand(q *request) (response, error) {
	g, err := q.found()
	if err != nil {
		return response{}, err
	}
	var body onDemand
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
		return response{}, refuse(http.StatusBadRequest, "InvalidRequestContent", "the body is no probe: %v", err)
	}
	o, err := body.read(g.doc.Config)
	if err != nil {
		return response{}, err
	}
	health, err := q.server.gateway.Probe(q.Context(), o)
	if err != nil {
		return response{}, err
	}
	expand := func(id string) any { return gateway.Ref{ID: id} }
	if q.URL.Query().Get("$expand") != "" {
		if expand, err = q.whole(g); err != nil {
			return response{}, err
		}
	}
	answer := map[string]any{}
	for _, p := range health.Pools {
		for _, s := range p.Settings {
			answer["backendAddressPool"] = expand(p.Pool.ID)
			answer["backendHealthHttpSettings"] = map[string]any{"backendHttpSettings": expand(s.Settings.ID), "servers": s.Servers}
		}
	}
	return ok(answer)
}

// read holds the body against the gateway.
func (b *onDemand) read(c *gateway.Config) (o probe.OnDemand, err error) {
	o.Pool, o.Settings = schema.LastSegment(b.Pool.ID), schema.LastSegment(b.Settings.ID)
	switch {
	case c.Pool(o.Pool) == nil:
		return o, refuse(http.StatusBadRequest, "InvalidResourceReference", "the gateway has no pool %q", b.Pool.ID)
	case c.Setting(o.Settings) == nil:
		return o, refuse(http.StatusBadRequest, "InvalidResourceReference", "the gateway has no settings %q", b.Settings.ID)
	case b.Timeout < 0 || b.Timeout > int(requestTime.Seconds()):
		return o, invalidParameter("timeout", "the timeout is %d s, and not from 1 to %d", b.Timeout, int(requestTime.Seconds()))
	}
	if err := b.sendable(); err != nil {
		return o, err
	}
	o.Probe = gateway.Probe{Host: b.Host, Path: b.Path, Timeout: b.Timeout, PickHostFromSettings: b.PickHost}
	o.Probe.Match.Body = b.Match.Body
	for i, text := range b.Match.StatusCodes {
		accepted, err := validate.ParseStatusRange(text)
		if err != nil {
			return o, invalidParameter(fmt.Sprintf("match.statusCodes[%d]", i), "%v", err)
		}
		o.Probe.Match.StatusCodes = append(o.Probe.Match.StatusCodes, accepted)
	}
	if b.Protocol != "" {
		o.Probe.Protocol = map[string]string{"http": "Http", "https": "Https"}[strings.ToLower(b.Protocol)]
		if o.Probe.Protocol == "" {
			return o, invalidParameter("protocol", "the protocol %q is neither Http nor Https", b.Protocol)
		}
	}
	return o, nil
}

// sendable refuses a host and a path that would change the request of the probe.
func (b *onDemand) sendable() error {
	if err := validate.CheckHost(b.Host); err != nil {
		return invalidParameter("host", "the host %v", err)
	}
	if err := validate.CheckPath(b.Path); b.Path != "" && err != nil {
		return invalidParameter("path", "the path %v", err)
	}
	return nil
}

// invalidParameter refuses a property of the body.
func invalidParameter(target, format string, args ...any) *Error {
	e := refuse(http.StatusBadRequest, "InvalidParameter", format, args...)
	e.Target = target
	return e
}
