package timing_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Backups start at three minutes past the hour.
func TestClockwork(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	begin := s.At
	for i := range 60 * 10 {
		s.At = begin.Add(time.Duration(i) * time.Minute)
		for j := range 3 {
			s.After(time.Second)
			if i%60 == 3 && j > 0 {
				s.Request(4, story.Fails(story.RaceFault, 900*time.Millisecond))
			} else {
				s.Request(4)
			}
		}
	}
	story.Expect(t, s.Diagnose(), "d-cron-contention high 20")
}

// Requests are late once an hour, at the same minute. If they are exports that nobody requests at another time, they may be late at
// any.
func TestHourlyExportIsNoClockwork(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, usualPath bool) {
		path := "/export"
		if usualPath {
			path = "/a"
		}
		s.Azure = true
		begin := s.At
		for i := range 60 * 10 {
			s.At = begin.Add(time.Duration(i) * time.Minute)
			for range 3 {
				s.After(time.Second).Request(4)
			}
			if i%60 == 3 {
				s.After(time.Second).Request(4, story.Path(path), story.Fails(story.TimeoutFault, 2*time.Second))
				s.After(5*time.Second).Request(4, story.Path(path), story.Fails(story.TimeoutFault, 2*time.Second))
			}
		}
	}, "d-cron-contention")
}
