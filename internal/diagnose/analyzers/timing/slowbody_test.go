package timing_test

import (
	"fmt"
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
	t.Parallel()
	for _, c := range []struct {
		azure bool
		want  []string
	}{
		{false, []string{"d-read-gap high 6", "d-slow-body high 6"}},
		{true, []string{"d-slow-body medium 12"}},
	} {
		t.Run(fmt.Sprintf("azure %v", c.azure), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Azure = c.azure
			s.Traffic(10*time.Second, []int{4})
			for i := range 6 {
				s.After(3*time.Second).Request(4, story.Path("/export"), cutAfter(2*time.Second))
				s.Request(4, story.Path("/events"), cutAfter(time.Duration(5+i)*time.Second))
			}
			story.Expect(t, s.Diagnose(), c.want...)
		})
	}
}

// A member was late after its answer began. If that answer opened a WebSocket, the tunnel was quiet for as long as the gateway allows.
func TestQuietWebSocketIsNoSlowBody(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, answer bool) {
		status := 101
		if answer {
			status = 200
		}
		s.Azure = true
		s.Traffic(10*time.Second, []int{4})
		for range 10 {
			s.After(time.Second).Request(4, story.Path("/ws"), story.Took(2*time.Second), func(r *accesslog.Record, a *accesslog.Attempt) {
				r.Status, a.Status, r.ErrorInfo = status, status, fault.UpstreamTimedOut
			})
		}
		s.Counts = &story.Counts{Requests: 110, Failures: 10}
	}, "d-slow-body")
}

// The gateway notes that a member was late. If the status says that the client had gone, no answer had begun.
func TestGoneClientIsNoSlowBody(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, clientStayed bool) {
		s.Azure = true
		s.Traffic(10*time.Second, []int{4})
		for range 10 {
			s.After(time.Second).Request(4, story.Took(2*time.Second), func(r *accesslog.Record, a *accesslog.Attempt) {
				r.Status, a.Status, r.ErrorInfo = 499, 0, fault.UpstreamTimedOut
				if clientStayed {
					r.Status, a.Status = 200, 200
				}
			})
		}
		s.Counts = &story.Counts{Requests: 110, Failures: 10}
	}, "d-slow-body")
}

// Streams stand still together. If their member answers nothing else meanwhile, it is the member that stands still, and no stream
// has a pause of its own.
func TestFrozenMemberUnderStreams(t *testing.T) {
	t.Parallel()
	cut := fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Timeout}
	story.Twins(t, func(s *story.Story, othersAnswered bool) {
		s.Traffic(20*time.Second, []int{4, 5})
		frozen := s.At
		for i := range 6 {
			s.At = frozen.Add(-time.Duration(i+1) * 3 * time.Second)
			took := frozen.Add(2 * time.Second).Sub(s.At)
			s.Request(4, story.Path("/events"), story.Fails(cut, took), func(_ *accesslog.Record, a *accesslog.Attempt) {
				a.Receive, a.Status = took-10*time.Millisecond, 200
			})
		}
		s.At = frozen
		if othersAnswered {
			s.Traffic(20*time.Second, []int{4, 5})
			return
		}
		for i := range 10 {
			s.At = frozen.Add(time.Duration(i) * 100 * time.Millisecond)
			s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
		}
		s.At = frozen
		s.Traffic(20*time.Second, []int{5})
	}, "d-read-gap", "d-slow-body")
}
