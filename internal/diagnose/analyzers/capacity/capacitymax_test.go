package capacity_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/activity"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/gateway"
)

// If the members are slower in the same minutes, the gateway may be full because of them.
func TestFullGatewayBeforeSlowMembers(t *testing.T) {
	t.Parallel()
	r := story.FullGateway(t, 500*time.Millisecond).Diagnose()
	story.Expect(t, r, "h-capacity-max low 0")
	if u := r.Undetermined; u.Failures != 40 || !slices.Contains(u.Rivals, "g-cpu-queueing") {
		t.Errorf("%+v", u)
	}
}

// The gateway is full, and requests fail in just those minutes. If only one of two pools fails, there is most for its members to do
// then.
func TestFullGatewayBesideAFailingPool(t *testing.T) {
	t.Parallel()
	for name, both := range map[string]bool{"named": true, "spared": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.FullGateway(t, 10*time.Millisecond)
			for i := range s.Records {
				r := &s.Records[i]
				if both && i/5%2 == 0 || !both && r.Status < 500 && i%2 == 0 {
					r.Pool, r.URI = "other", []byte("/other")
				}
			}
			if r := s.Diagnose(); both {
				story.Named(t, r, "h-capacity-max")
			} else {
				story.Spares(t, r, "h-capacity-max")
			}
		})
	}
}

// One instance that may not be joined by another uses up its budget, as the activity log says. Requests time out while its process
// stands still. Where nothing stood still, or they fail at other times as well, the gateway is not to blame.
func TestCapacityMaxRecorded(t *testing.T) {
	t.Parallel()
	play := func(fails func(second int) bool, changes ...story.Change) *story.Story {
		s := story.New(t)
		for i := range 600 {
			s.At = story.Begin.Add(time.Duration(i) * time.Second)
			for j := range 4 {
				if j == 0 && fails(i) {
					s.Request(4+i/2%2, append([]story.Change{story.Fails(story.TimeoutFault, 2*time.Second)}, changes...)...)
					continue
				}
				s.Request(4 + j%2)
			}
		}
		s.Journal(
			activity.Event{
				At: story.Begin.Add(302 * time.Second), Kind: activity.Scale, From: 1, To: 1, Full: true, Need: 2,
				Why: "capacity max: compute in use: 100 % of 1 instance; 2 are needed, and the most may be 1",
			},
			activity.Event{At: story.Begin.Add(400 * time.Second), Kind: activity.Scale, From: 1, To: 1, Why: "no longer full"},
		)
		return s
	}
	throttled := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Stalled = r.Taken / 2 }
	then := func(second int) bool { return second >= 300 && second < 400 && second%5 == 0 }
	t.Run("full", func(t *testing.T) {
		t.Parallel()
		r := play(then, throttled).Diagnose()
		story.Expect(t, r, "h-capacity-max high 20")
		story.EveryForm(t, r, "set sku.capacity to 2 in the document")
	})
	t.Run("of the first generation", func(t *testing.T) {
		t.Parallel()
		s := play(then, throttled)
		s.Doc = strings.Replace(story.Document, `"name":"Standard_v2","tier":"Standard_v2","capacity":1`,
			`"name":"Standard_Small","tier":"Standard","capacity":1`, 1)
		r := s.Diagnose()
		story.Named(t, r, "h-capacity-max")
		story.EveryForm(t, r, "set sku.capacity to 2 in the document")
		story.EveryForm(t, r, "Medium (1 CPU)")
	})
	t.Run("clients give up", func(t *testing.T) {
		t.Parallel()
		left := func(r *accesslog.Record, _ *accesslog.Attempt) {
			r.Status, r.Stalled = 0, r.Taken/2
			r.Fault = fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}
		}
		r := play(then, left).Diagnose()
		story.Expect(t, r, "h-capacity-max high 20")
		story.EveryForm(t, r, "are in no record")
	})
	t.Run("clients give up before their handshake", func(t *testing.T) {
		t.Parallel()
		s := play(func(int) bool { return false })
		for i := 300; i < 400; i++ { // ten clients come a second, and four of them are served
			s.At = story.Begin.Add(time.Duration(i) * time.Second)
			for j := range 10 {
				s.Request(4, func(r *accesslog.Record, _ *accesslog.Attempt) { r.ClientUses = 1 })
				if j < 4 {
					continue
				}
				r := &s.Records[len(s.Records)-1]
				r.Fault = fault.Fault{Side: fault.Client, Phase: fault.Handshake, Kind: fault.Closed}
				r.Status, r.ErrorInfo, r.Taken, r.Stalled, r.Attempts = 499, fault.ClientClosed, 3*time.Second, 2*time.Second, nil
			}
		}
		r := s.Diagnose()
		story.Expect(t, r, "h-capacity-max high 600")
		story.EveryForm(t, r, "clients came a second")
		story.EveryForm(t, r, "set sku.capacity to 3 in the document")
	})
	for name, s := range map[string]*story.Story{
		"the gateway ran":   play(then),
		"at another time":   play(func(second int) bool { return second < 100 && second%5 == 0 }, throttled),
		"refused meanwhile": play(then, story.Fails(story.RefusedFault, time.Millisecond)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story.Spares(t, s.Diagnose(), "h-capacity-max")
		})
	}
}

// A full gateway does not hear what its members answer to its probes, and takes them out. Where the probes met something else, or the
// gateway had been full before, it is not its capacity.
func TestCapacityMaxTakesMembersOut(t *testing.T) {
	t.Parallel()
	play := func(reason string, fullFrom, fullTo int) *story.Story {
		s := story.New(t)
		for i := range 600 {
			s.At = story.Begin.Add(time.Duration(i) * time.Second)
			if i >= 310 && i < 350 {
				s.Request(0, story.Fails(story.NoHealthy, 0))
				continue
			}
			s.Request(4)
		}
		s.Servers = append(s.Servers, gateway.ServerHealth{
			Address: "10.0.0.4", Health: "Up",
			Causeway: &gateway.HealthEvidence{Dial: "10.0.0.4:80", Transitions: []string{
				"2026-11-23T08:59:00Z Up", "2026-11-23T09:05:09Z Down " + reason, "2026-11-23T09:05:50Z Up",
			}},
		})
		at := func(second int) time.Time { return story.Begin.Add(time.Duration(second) * time.Second) }
		s.Journal(
			activity.Event{At: at(fullFrom), Kind: activity.Scale, From: 1, To: 1, Full: true, Need: 2, Why: "capacity max"},
			activity.Event{At: at(fullTo), Kind: activity.Scale, From: 1, To: 1, Why: "no longer full"},
		)
		return s
	}
	t.Run("full", func(t *testing.T) {
		t.Parallel()
		r := play("probe_timeout gateway_stalled", 302, 320).Diagnose()
		story.Expect(t, r, "h-capacity-max high 40")
		story.EveryForm(t, r, "40 requests found no healthy member")
		story.EveryForm(t, r, "set sku.capacity to 2 in the document")
	})
	for name, s := range map[string]*story.Story{
		"refused":     play("tcp_connect ECONNREFUSED", 302, 320),
		"full before": play("probe_timeout gateway_stalled", 100, 200),
		"yesterday":   play("probe_timeout gateway_stalled", -9000, -8000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story.Spares(t, s.Diagnose(), "h-capacity-max")
		})
	}
}
