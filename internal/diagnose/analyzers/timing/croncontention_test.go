package timing_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Backups start at three minutes past the hour.
func TestClockwork(t *testing.T) {
	s := story.NewAzure(t)
	begin := s.At
	for i := range 60 * 10 {
		s.At = begin.Add(time.Duration(i) * time.Minute)
		for j := range 3 {
			s.After(time.Second)
			if i%60 == 3 && j > 0 {
				s.Request(4, story.Fails(story.ClosedFault, 900*time.Millisecond))
			} else {
				s.Request(4)
			}
		}
	}
	story.Expect(t, s.Diagnose(), "d-cron-contention high 20")
}

// Somebody asks for an export once an hour, and it is late each time: nothing else is at that time, nor is it asked for at another.
func TestHourlyExportIsNoClockwork(t *testing.T) {
	s := story.New(t)
	s.Azure = true
	begin := s.At
	for i := range 60 * 10 {
		s.At = begin.Add(time.Duration(i) * time.Minute)
		for range 3 {
			s.After(time.Second).Request(4)
		}
		if i%60 == 3 {
			s.After(time.Second).Request(4, story.Path("/export"), story.Fails(story.TimeoutFault, 2*time.Second))
			s.After(5*time.Second).Request(4, story.Path("/export"), story.Fails(story.TimeoutFault, 2*time.Second))
		}
	}
	story.Spares(t, s.Diagnose(), "d-cron-contention")
}
