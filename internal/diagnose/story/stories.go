package story

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// The member 10.0.0.4 ends idle connections after 2 s, a round trip is 30 ms. Every seventh connection is picked within
// the last round trip before.
func RaceStory(t *testing.T) *Story {
	s := New(t)
	for i := range 200 {
		s.After(400 * time.Millisecond)
		idle := time.Duration(500+i*12) * time.Millisecond // 0.5 s to 2.9 s
		switch {
		case i%7 == 0:
			early := time.Duration(1+i%29) * time.Millisecond
			s.Request(4, Reused(2*time.Second-early, i%9), Fails(RaceFault, early))
		case idle < 1970*time.Millisecond:
			s.Request(4, Reused(idle, i%11))
		default:
			s.Request(4, func(_ *accesslog.Record, a *accesslog.Attempt) { a.Stale = idle })
		}
		s.Request(5, Reused(time.Duration(i)*10*time.Millisecond, i%5))
	}
	return s
}
