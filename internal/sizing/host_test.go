package sizing

import (
	"testing"

	"causeway/internal/activity"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/report"
)

func TestHostOf(t *testing.T) {
	metrics := []evidence.Metric{{Name: "CapacityUnits"}}
	own := []evidence.Activity{{Own: &activity.Event{Kind: activity.Start}}}
	for name, x := range map[string]struct {
		t    traffic.Summary
		m    *evidence.Machine
		want report.Host
	}{
		"an export of Azure":         {traffic.Summary{Requests: 10, Metrics: metrics}, nil, report.OnAzure},
		"a data directory":           {traffic.Summary{Requests: 10, Own: 10}, nil, report.OnCauseway},
		"a bundle over the API":      {traffic.Summary{Requests: 10, Own: 10, Metrics: metrics}, nil, report.OnCauseway},
		"a bundle without requests":  {traffic.Summary{Metrics: metrics, Activity: own}, nil, report.OnCauseway},
		"a few records beside Azure": {traffic.Summary{Requests: 100, Own: 10, Metrics: metrics}, nil, report.OnAzure},
		"live":                       {traffic.Summary{}, &evidence.Machine{}, report.OnCauseway},
		"live, on a socket":          {traffic.Summary{}, &evidence.Machine{API: "unix:/run/api.sock"}, report.OnCauseway},
		"live, with an API":          {traffic.Summary{}, &evidence.Machine{API: "https://127.0.0.1:8443"}, report.OnCausewayAz},
	} {
		if got := HostOf(&x.t, x.m); got != x.want {
			t.Errorf("%s: %d, want %d", name, got, x.want)
		}
	}
}
