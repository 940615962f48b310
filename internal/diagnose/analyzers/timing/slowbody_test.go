package timing_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// cutAfter is an answer that was ended by the timeout in its body, some time after its first byte.
func cutAfter(first time.Duration) story.Change {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		f := fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Timeout}
		r.Fault, r.ErrorInfo, r.Aborted, r.Taken = f, f.ErrorInfo(), true, first+10*time.Millisecond
		a.Fault, a.Receive, a.Total = f, first, r.Taken
	}
}

// One body stands still at once. A stream is silent in the end: by then it had outlived the timeout of two seconds several
// times over. Azure's log tells no more than that the head had come.
func TestBodiesThatStandStill(t *testing.T) {
	for _, c := range []struct {
		azure bool
		want  []string
	}{
		{false, []string{"d-read-gap high 6", "d-slow-body high 6"}},
		{true, []string{"d-slow-body medium 12"}},
	} {
		s := story.New(t)
		s.Azure = c.azure
		s.Traffic(10*time.Second, []int{4})
		for i := range 6 {
			s.After(3*time.Second).Request(4, story.Path("/export"), cutAfter(2*time.Second))
			s.Request(4, story.Path("/events"), cutAfter(time.Duration(5+i)*time.Second))
		}
		story.Expect(t, s.Diagnose(), c.want...)
	}
}

// A WebSocket is quiet for as long as the gateway allows: that was no answer that stood still.
func TestQuietWebSocketIsNoSlowBody(t *testing.T) {
	s := story.New(t)
	s.Azure = true
	s.Traffic(10*time.Second, []int{4})
	for range 10 {
		s.After(time.Second).Request(4, story.Path("/ws"), story.Took(2*time.Second), func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Status, a.Status, r.ErrorInfo = 101, 101, fault.UpstreamTimedOut
		})
	}
	s.Counts = &story.Counts{Requests: 110, Failures: 10}
	story.Spares(t, s.Diagnose(), "d-slow-body")
}

// The gateway's word is that a member was late, and the status that its client had gone.
func TestGoneClientIsNoSlowBody(t *testing.T) {
	s := story.New(t)
	s.Azure = true
	s.Traffic(10*time.Second, []int{4})
	for range 10 {
		s.After(time.Second).Request(4, story.Took(2*time.Second), func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Status, a.Status, r.ErrorInfo = 499, 0, fault.UpstreamTimedOut
		})
	}
	story.Spares(t, s.Diagnose(), "d-slow-body")
}

// All that a member sends stands still at once: it is the member that does, and no stream has a pause of its own.
func TestFrozenMemberUnderStreams(t *testing.T) {
	cut := fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Timeout}
	s := story.New(t)
	s.Traffic(20*time.Second, []int{4, 5})
	frozen := s.At
	for i := range 6 {
		s.At = frozen.Add(-time.Duration(i+1) * 3 * time.Second)
		took := frozen.Add(2 * time.Second).Sub(s.At)
		s.Request(4, story.Path("/events"), story.Fails(cut, took), func(_ *accesslog.Record, a *accesslog.Attempt) {
			a.Receive,
				a.Status = took-10*time.Millisecond, 200
		})
	}
	s.At = frozen
	for i := range 10 {
		s.At = frozen.Add(time.Duration(i) * 100 * time.Millisecond)
		s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
	}
	s.At = frozen
	s.Traffic(20*time.Second, []int{5})
	story.Spares(t, s.Diagnose(), "d-read-gap", "d-slow-body")
}
