package probes_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/gateway"
	"causeway/internal/report"
)

// skewed is a pool of one member behind three instances. Between the minutes 4 and 5 some instances find no healthy member.
func skewed(t *testing.T, azure bool, without func(instance int) bool) *story.Story {
	s := story.New(t)
	s.Azure = azure
	for i := range 600 {
		s.At = story.Begin.Add(time.Duration(i) * time.Second)
		if i >= 240 && i < 300 && without(i%3) {
			s.Request(0, story.ByInstance(i%3), story.Fails(story.NoHealthy, 0))
			continue
		}
		s.Request(4, story.ByInstance(i%3))
	}
	return s
}

// seenBy is the health of the member as the instances see it, each with its history.
func seenBy(t *testing.T, histories ...[]string) gateway.ServerHealth {
	t.Helper()
	by := map[string]gateway.Health{}
	for i, lines := range histories {
		name := "appgw_" + string(rune('0'+i))
		server := gateway.ServerHealth{Address: "10.0.0.4", Health: "Up", Causeway: &gateway.HealthEvidence{Dial: "10.0.0.4:80", Transitions: lines}}
		if strings.Contains(lines[len(lines)-1], " Down ") {
			server.Health, server.Detail = "Down", "Could not connect to the backend."
		}
		by[name] = gateway.Health{Pools: []gateway.PoolHealth{{
			Pool:     gateway.Ref{ID: "/x/backendAddressPools/web"},
			Settings: []gateway.SettingsHealth{{Settings: gateway.Ref{ID: "/x/backendHttpSettingsCollection/http"}, Servers: []gateway.ServerHealth{server}}},
		}}}
	}
	return gateway.MergeHealth(by).Pools[0].Settings[0].Servers[0]
}

const (
	wellAt  = "2026-11-23T08:59:00Z Up"
	downAt  = "2026-11-23T09:03:59Z Down tcp_connect ECONNREFUSED"
	againAt = "2026-11-23T09:05:00Z Up"
)

func TestProbePerInstanceSkew(t *testing.T) {
	t.Parallel()
	only1 := func(instance int) bool { return instance == 1 }
	all := func(int) bool { return true }
	t.Run("by the views of the instances", func(t *testing.T) {
		t.Parallel()
		s := skewed(t, false, only1)
		s.Servers = append(s.Servers, seenBy(t, []string{wellAt}, []string{wellAt, downAt, againAt}, []string{wellAt}))
		r := s.Diagnose()
		story.Expect(t, r, "a-probe-per-instance-skew high 20")
		story.EveryForm(t, r, "and 2 of 3 instances have it up")
		if f := story.Found(t, r, 0); f.Scope.Instance != "appgw_1" {
			t.Errorf("%+v", f.Scope)
		}
	})
	t.Run("an instance that did not get to run", func(t *testing.T) {
		t.Parallel()
		s := skewed(t, false, only1)
		stalled := "2026-11-23T09:03:59Z Down probe_timeout gateway_stalled"
		s.Servers = append(s.Servers, seenBy(t, []string{wellAt}, []string{wellAt, stalled, againAt}, []string{wellAt}))
		r := s.Diagnose()
		story.Spares(t, r, "a-probe-per-instance-skew")
		story.Expect(t, r, "h-goroutine-or-lock-stall high 20")
	})
	t.Run("by the log of Azure", func(t *testing.T) {
		t.Parallel()
		story.Expect(t, skewed(t, true, only1).Diagnose(), "a-probe-per-instance-skew medium 20")
	})
	t.Run("all instances", func(t *testing.T) {
		t.Parallel()
		s := skewed(t, false, all)
		s.Servers = append(s.Servers, seenBy(t, []string{wellAt, downAt, againAt}, []string{wellAt, downAt, againAt}, []string{wellAt, downAt, againAt}))
		story.Spares(t, s.Diagnose(), "a-probe-per-instance-skew")
	})
	t.Run("all instances, by the log alone", func(t *testing.T) {
		t.Parallel()
		story.Spares(t, skewed(t, true, all).Diagnose(), "a-probe-per-instance-skew")
	})
	t.Run("two of three", func(t *testing.T) {
		t.Parallel()
		story.Spares(t, skewed(t, true, func(instance int) bool { return instance > 0 }).Diagnose(), "a-probe-per-instance-skew")
	})
}

// Nothing has failed so far, for other members serve: it is worth knowing.
func TestInstancesDisagreeNow(t *testing.T) {
	t.Parallel()
	s := skewed(t, false, func(int) bool { return false })
	s.Servers = append(s.Servers, seenBy(t, []string{wellAt}, []string{wellAt, downAt}, []string{wellAt}))
	if fact := story.FactOf(s.Diagnose(), "a-probe-per-instance-skew"); !strings.Contains(fact,
		"10.0.0.4: The gateway's instances disagree. appgw_0, appgw_2: Up. appgw_1: Down: Could not connect to the backend.") {
		t.Errorf("%q", fact)
	}
	s = skewed(t, false, func(int) bool { return false })
	s.Servers = append(s.Servers, seenBy(t, []string{wellAt}, []string{wellAt}, []string{wellAt}))
	if fact := story.FactOf(s.Diagnose(), "a-probe-per-instance-skew"); fact != "" {
		t.Errorf("%q", fact)
	}
	quiet := story.New(t)
	quiet.Servers = append(quiet.Servers, seenBy(t, []string{wellAt}, []string{wellAt, downAt}, []string{wellAt}))
	r := quiet.Diagnose()
	if story.Causes(r) != "a-probe-per-instance-skew "+report.High {
		t.Errorf("%s", story.Causes(r))
	}
}
