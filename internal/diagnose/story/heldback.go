package story

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// HeldStory has a member, 10.0.0.6, that refuses from the 20th of sixty moments on. It is held back after three failures, and requests
// whose turn it was go elsewhere.
func HeldStory(t *testing.T) *Story {
	s := New(t)
	for i := range 60 {
		s.After(100 * time.Millisecond)
		s.Request(4)
		s.Request(5)
		switch {
		case i < 20:
			s.Request(6)
		case i < 23:
			s.Request(4, Recovered(RefusedFault, func(_ *accesslog.Record, a *accesslog.Attempt) {
				a.Member, a.Server, a.Connect, a.Total, a.Ejected = "10.0.0.6", ServerOf(6), accesslog.Unset, time.Millisecond, i == 22
			}))
		default:
			s.Request(5, func(r *accesslog.Record, _ *accesslog.Attempt) { r.HeldBack = "10.0.0.6" })
		}
	}
	return s
}
