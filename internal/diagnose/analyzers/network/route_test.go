package network_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The gateway's process stood still for a part of requests that met no healthy member, or a refusal. They waited for nobody,
// and nothing of what they met hangs on a clock.
func TestStallOfRequestsThatWaitedForNobody(t *testing.T) {
	t.Parallel()
	stalled := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Stalled = r.Taken / 3 }
	s := story.New(t)
	for i := range 30 {
		s.After(time.Second).Request(0, story.Fails(story.NoHealthy, 3*time.Millisecond), stalled)
		if i < 15 {
			s.Request(5, story.Fails(story.RefusedFault, 3*time.Millisecond), stalled)
		}
	}
	s.Server("10.0.0.4", "Down", "tcp_connect", "no route", "2026-11-23T08:59:00Z Down tcp_connect ENETUNREACH")
	story.Expect(t, s.Diagnose(), "b-route high 30", "b-refused high 15")
}

// ENETUNREACH is the kernel's word for a missing route. A refusal came from a host that was reached.
func TestNoRoute(t *testing.T) {
	t.Parallel()
	unreachable := fault.Fault{Side: fault.Network, Phase: fault.Connect, Kind: fault.Unreachable, Errno: "ENETUNREACH"}
	story.Decided(t, "b-route", unreachable, story.RefusedFault)
}
