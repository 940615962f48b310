package connections_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// Every connection ended when it was ten seconds old.
func TestAgeLimit(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 200 {
		s.After(300 * time.Millisecond)
		late := time.Duration(i%40) * time.Millisecond
		older := func(d time.Duration) story.Change {
			return func(_ *accesslog.Record, a *accesslog.Attempt) { a.Age = d }
		}
		if i%15 == 7 {
			s.Request(4, story.Reused(time.Duration(i*7)*time.Millisecond, i%13), older(10*time.Second-late),
				story.Fails(story.RaceFault, late))
		} else {
			s.Request(4, story.Reused(time.Duration(i*7)*time.Millisecond, i%13), older(time.Duration(i*40)*time.Millisecond))
		}
	}
	story.Expect(t, s.Diagnose(), "c-max-age high 13")
}
