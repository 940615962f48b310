package story

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose"
	"causeway/internal/report"
)

// Unnumbered has no transaction, as rows of the first generation.
func Unnumbered(r *accesslog.Record, _ *accesslog.Attempt) { r.Transaction = [16]byte{} }

// MomentsStory has requests without a transaction: one that fails at the first second, three at the second, two of them at
// the same time, and many that go well.
func MomentsStory(t *testing.T) *Story {
	s := New(t)
	for second := range 60 {
		s.At = time.Date(2026, 11, 23, 9, 0, second, 0, time.UTC)
		s.Request(4, Unnumbered)
		switch second {
		case 1:
			s.After(250*time.Millisecond).Request(4, Path("/alone"), Unnumbered, Answers(500))
		case 2:
			s.After(100*time.Millisecond).Request(5, Path("/first"), Unnumbered, Answers(500))
			s.After(100*time.Millisecond).Request(5, Path("/second"), Unnumbered, Answers(500))
			s.Request(6, Path("/third"), Unnumbered, Answers(503))
		}
	}
	return s
}

func Explained(t *testing.T, s *Story, what string) (*report.Explanation, error) {
	t.Helper()
	b := s.Bundle()
	defer b.Close()
	return diagnose.Explain(b, what)
}
