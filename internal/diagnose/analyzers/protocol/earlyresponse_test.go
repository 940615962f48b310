package protocol_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// An answer that came before the upload's end is no failure. A client that was cut off while it paused is worth a line.
func TestCutUploads(t *testing.T) {
	t.Parallel()
	for how, noted := range map[string]bool{
		accesslog.CutDropped: false, accesslog.CutLeft: false, accesslog.CutEnded: false,
		accesslog.CutPaused: true,
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := range 20 {
				s.After(time.Second).Request(4)
				if i%5 == 0 {
					s.Request(5, func(r *accesslog.Record, a *accesslog.Attempt) {
						r.Status, a.Status, r.Cut, r.Dropped, r.Declared, r.BodyRead = 401, 401, how, 3000, 9000, 5000
					})
				}
			}
			r := s.Diagnose()
			fact := story.FactOf(r, "e-early-response")
			if r.Failures > 0 || strings.HasPrefix(fact, "4 of 4 uploads that members answered early paused") != noted ||
				(fact != "") != noted {
				t.Errorf("%s: %d failures, %q", how, r.Failures, fact)
			}
		})
	}
}

// A member answers uploads with 2xx and takes a part of each: no request failed, and the report names the member and the path. Where
// the member refused the rest, or took it, there is nothing to say.
func TestUploadsTakenInPart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		how     string
		dropped int64
		noted   bool
	}{
		"stored, rest thrown away": {202, accesslog.CutDropped, 2_200_000, true},
		"stored, client left":      {200, accesslog.CutLeft, 0, true},
		"refused":                  {413, accesslog.CutDropped, 2_200_000, false},
		"redirected":               {303, accesslog.CutDropped, 2_200_000, false},
		"whole":                    {201, "", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := range 12 {
				s.After(time.Second).Request(4)
				if i%2 == 0 {
					s.Request(5, story.Path("/scans"), func(r *accesslog.Record, a *accesslog.Attempt) {
						r.Status, a.Status, r.Cut, r.Dropped, r.Declared, r.BodyRead = c.status, c.status, c.how, c.dropped, 3_000_000,
							3_000_000
					})
				}
			}
			r := s.Diagnose()
			fact := story.FactOf(r, "e-early-response")
			if r.Failures > 0 || strings.HasPrefix(fact, "10.0.0.5 answered 6 uploads to /scans with success (2xx)") != c.noted ||
				(fact != "") != c.noted {
				t.Errorf("%d failures, %q", r.Failures, fact)
			}
		})
	}
}
