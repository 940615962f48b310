package inference

import (
	"fmt"
	"testing"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/gateway"
	"causeway/internal/report"
)

// Whoever follows the advice notices a dead member sooner than now, never later.
func TestSoonerProbe(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		nowInterval, nowThreshold, interval, threshold int
		sooner                                         bool
	}{
		{30, 3, 5, 2, true},
		{86400, 20, 5, 2, true},
		{4, 1, 2, 1, true},
		{2, 2, 1, 2, true},
		{1, 5, 1, 2, true},
		{1, 2, 1, 2, false},
		{1, 1, 1, 1, false},
	} {
		t.Run(fmt.Sprintf("nowInterval %v, nowThreshold %v, interval %v", x.nowInterval, x.nowThreshold, x.interval), func(t *testing.T) {
			config := &gateway.Config{
				Settings: []gateway.Settings{{Name: "http", Probe: "health"}, {Name: "bare"}},
				Probes:   []gateway.Probe{{Name: "health", Interval: x.nowInterval, UnhealthyThreshold: x.nowThreshold}},
			}
			c := &Case{Traffic: &traffic.Summary{Config: config}}
			interval, threshold, sooner := c.SoonerProbe("http")
			if interval != x.interval || threshold != x.threshold || sooner != x.sooner {
				t.Errorf("%d × %d: %d × %d, sooner %t", x.nowInterval, x.nowThreshold, interval, threshold, sooner)
			}
			if c.ProbeOf("bare") != nil || c.ProbeOf("nothing") != nil || c.ProbeOf("http").Name != "health" {
				t.Error("another probe than that of the settings")
			}
		})
	}
	f := &Finding{Finding: report.Finding{
		Cause: "a-slow-eviction",
		Scope: report.Scope{Settings: "http"},
		Fixes: []report.Fix{{Side: "backend"}, {Side: "gateway"}},
	}}
	c := &Case{Traffic: &traffic.Summary{Config: &gateway.Config{
		Settings: []gateway.Settings{{Name: "http", Probe: "health"}},
		Probes:   []gateway.Probe{{Name: "health", Interval: 1, UnhealthyThreshold: 2}},
	}}}
	if c.Expand(map[string]string{}, f); len(f.Fixes) != 1 || f.Fixes[0].Side != "backend" {
		t.Errorf("advice that changes nothing: %+v", f.Fixes)
	}
	if interval, threshold, sooner := (&Case{Traffic: &traffic.Summary{}}).SoonerProbe("http"); interval != 5 || threshold != 2 || !sooner {
		t.Errorf("default probe: %d × %d, %t", interval, threshold, sooner)
	}
}
