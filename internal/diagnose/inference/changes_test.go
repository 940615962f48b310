package inference

import (
	"slices"
	"testing"
	"time"

	"causeway/internal/activity"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
)

// All that a template deployment changes shares one correlation id, and each resource is a change of its own.
func TestChangesOfOneDeployment(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	event := func(minute int, operation, status string) evidence.Activity {
		return evidence.Activity{At: at.Add(time.Duration(minute) * time.Minute), Operation: operation, Status: status, ID: "7"}
	}
	beside := event(8, "Microsoft.Network/networkSecurityGroups/delete", "Succeeded")
	beside.Own = &activity.Event{Kind: activity.Beside}
	c := &Case{Traffic: &traffic.Summary{Activity: []evidence.Activity{
		event(0, "Microsoft.Resources/deployments/write", "Started"),
		event(1, "Microsoft.Network/networkSecurityGroups/write", "Started"),
		event(1, "Microsoft.Network/routeTables/write", "Started"),
		event(2, "Microsoft.Network/networkSecurityGroups/write", "Succeeded"),
		event(3, "Microsoft.Network/applicationGateways/write", "Started"),
		event(4, "Microsoft.Network/routeTables/write", "Failed"),
		event(7, "Microsoft.Network/applicationGateways/write", "Succeeded"),
		event(7, "Microsoft.Network/networkSecurityGroups/read", "Succeeded"),
		beside,
	}}}
	var got []string
	for _, x := range c.Changes() {
		got = append(got, x.Operation+" "+x.Ended.Sub(x.At).String())
	}
	want := []string{
		"Microsoft.Resources/deployments/write 0s", "Microsoft.Network/networkSecurityGroups/write 1m0s",
		"Microsoft.Network/applicationGateways/write 4m0s",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A client may keep one correlation id for a whole run: what it does twice are two changes, and a first try that failed is none.
func TestChangesUnderOneID(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	event := func(minute int, status string) evidence.Activity {
		const operation = "Microsoft.Network/applicationGateways/write"
		return evidence.Activity{At: at.Add(time.Duration(minute) * time.Minute), Operation: operation, Status: status, ID: "7"}
	}
	own := func(e evidence.Activity) evidence.Activity {
		e.Own = &activity.Event{Kind: activity.Configure}
		return e
	}
	for name, x := range map[string]struct {
		events []evidence.Activity
		want   []string // beginning and end, minutes after at
	}{
		"of Azure": {
			[]evidence.Activity{event(0, "Started"), event(1, "Accepted"), event(6, "Succeeded"), event(7, "Succeeded")},
			[]string{"0s 7m0s"},
		},
		"again": {
			[]evidence.Activity{event(0, "Started"), event(2, "Failed"), event(3, "Started"), event(5, "Succeeded"), event(60, "Started")},
			[]string{"3m0s 5m0s", "1h0m0s 1h0m0s"},
		},
		"of Causeway": {
			[]evidence.Activity{own(event(0, "Failed")), own(event(1, "Succeeded")), own(event(5, "Succeeded"))},
			[]string{"1m0s 1m0s", "5m0s 5m0s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := &Case{Traffic: &traffic.Summary{Activity: x.events}}
			var got []string
			for _, x := range c.Changes() {
				got = append(got, x.At.Sub(at).String()+" "+x.Ended.Sub(at).String())
			}
			if !slices.Equal(got, x.want) {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
}
