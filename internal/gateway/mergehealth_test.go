package gateway

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seen is the health of members of one pool, as one instance sees it.
func seen(servers ...ServerHealth) Health {
	return Health{Pools: []PoolHealth{{
		Pool:     Ref{"/x/backendAddressPools/web"},
		Settings: []SettingsHealth{{Settings: Ref{"/x/backendHttpSettingsCollection/http"}, Servers: servers}},
	}}}
}

func member(address, health, detail, reason string, transitions ...string) ServerHealth {
	return ServerHealth{Address: address, Health: health, Detail: detail, Causeway: &HealthEvidence{
		Reason: reason, Dial: address + ":80", Since: "2026-11-23T09:00:00Z", Transitions: transitions,
	}}
}

func TestMergeHealth(t *testing.T) {
	up, down := member("10.0.0.4", "Up", "Success.", ""), member("10.0.0.4", "Down", "Could not connect.", "tcp_connect")
	failing := member("10.0.0.4", "Up", "Still Up: 2 of the 3.", "")
	failing.Causeway.Failures = 2
	unknown := member("10.0.0.4", "Unknown", "the first probe has not come back yet", "")
	for _, x := range []struct {
		name           string
		views          []ServerHealth
		health, detail string
		reason         string
	}{
		{"all up", []ServerHealth{up, up, up}, "Up", "Success.", ""},
		{"all up, probes of one fail", []ServerHealth{up, failing, up}, "Up", "Still Up: 2 of the 3.", ""},
		{"all down", []ServerHealth{down, down}, "Down", "Could not connect.", "tcp_connect"},
		{
			"they disagree",
			[]ServerHealth{up, down, up},
			"Partial",
			"The gateway's instances disagree. appgw_0, appgw_2: Up. appgw_1: Down: Could not connect.", "tcp_connect",
		},
		{"the first is down", []ServerHealth{down, up}, "Partial", "The gateway's instances disagree. appgw_0: Down: Could not connect. appgw_1: Up.", "tcp_connect"},
		{"a new one has no view", []ServerHealth{unknown, up}, "Up", "Success.", ""},
		{"nor has it last", []ServerHealth{down, unknown}, "Down", "Could not connect.", "tcp_connect"},
		{"nobody has", []ServerHealth{unknown, unknown}, "Unknown", "the first probe has not come back yet", ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			by := map[string]Health{}
			for i, v := range x.views {
				by["appgw_"+string(rune('0'+i))] = seen(v)
			}
			s := MergeHealth(by).Pools[0].Settings[0].Servers[0]
			if s.Health != x.health || s.Detail != x.detail || s.Causeway.Reason != x.reason || len(s.Causeway.Instances) != len(x.views) {
				t.Errorf("%s: %q, reason %q, %d views", s.Health, s.Detail, s.Causeway.Reason, len(s.Causeway.Instances))
			}
		})
	}
}

// With one instance nothing is merged. Instances that serve different revisions may have different members.
func TestMergeHealthOfOtherMembers(t *testing.T) {
	one := seen(member("10.0.0.4", "Up", "Success.", ""))
	if diff := cmp.Diff(one, MergeHealth(map[string]Health{"appgw_0": one})); diff != "" {
		t.Error(diff)
	}
	two := seen(member("10.0.0.5", "Up", "Success.", ""), member("10.0.0.4", "Up", "Success.", ""))
	two.Pools = append(two.Pools, PoolHealth{Pool: Ref{"/x/backendAddressPools/api"}})
	h := MergeHealth(map[string]Health{"appgw_0": one, "appgw_1": two})
	var got []string
	for _, s := range h.Pools[0].Settings[0].Servers {
		got = append(got, s.Address+" "+s.Health)
	}
	if text := strings.Join(got, ", "); text != "10.0.0.4 Up, 10.0.0.5 Up" || len(h.Pools) != 2 {
		t.Errorf("%s, %d pools", text, len(h.Pools))
	}
	if h := MergeHealth(nil); h.Pools != nil {
		t.Errorf("of no instance: %+v", h)
	}
}

// A member is down for the gateway while no instance has it up.
func TestMergedHistory(t *testing.T) {
	h := MergeHealth(map[string]Health{
		"appgw_0": seen(member("10.0.0.4", "Up", "", "", "2026-11-23T09:00:00Z Up", "2026-11-23T09:10:00Z Down tcp_connect ECONNREFUSED", "2026-11-23T09:20:00Z Up")),
		"appgw_1": seen(member("10.0.0.4", "Up", "", "", "2026-11-23T09:00:00.5Z Up", "2026-11-23T09:12:00Z Down probe_timeout", "2026-11-23T09:21:00Z Up")),
	})
	want := []string{"2026-11-23T09:00:00Z Up", "2026-11-23T09:12:00Z Down probe_timeout", "2026-11-23T09:20:00Z Up"}
	if diff := cmp.Diff(want, h.Pools[0].Settings[0].Servers[0].Causeway.Transitions); diff != "" {
		t.Error(diff)
	}
}
