package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// played are requests in turn on three members, one every 300 ms; each says what becomes of the i-th on a member, nil: it goes well.
func played(t *testing.T, n int, each func(i, member int) []story.Change) *report.Report {
	t.Helper()
	s := story.New(t)
	for i := range n {
		m := 4 + i%3
		s.After(300 * time.Millisecond)
		changes := []func(*accesslog.Record, *accesslog.Attempt){}
		changes = append(append(changes, story.From(i%7)), each(i, m)...)
		s.Request(m, changes...)
	}
	return s.Diagnose()
}

var refused = story.Fails(story.RefusedFault, time.Millisecond)

// A place is named if it holds nearly all failures, and others do not fail there; of two that one mechanism ties together, the one that
// explains the other.
func TestWhere(t *testing.T) {
	t.Parallel()
	x, y := story.Path("/x"), story.Path("/y")
	for name, c := range map[string]struct {
		each func(i, member int) []story.Change
		want string
	}{
		"one member refuses": {func(_, m int) []story.Change {
			if m == 5 {
				return []story.Change{refused}
			}
			return nil
		}, "member 10.0.0.5:80"},
		"everywhere": {func(i, _ int) []story.Change {
			if i%10 == 0 {
				return []story.Change{refused}
			}
			return nil
		}, ""},
		"one route everywhere": {func(i, _ int) []story.Change {
			switch {
			case i%4 == 0 && i%8 == 0:
				return []story.Change{x, story.Answers(500)}
			case i%4 == 0:
				return []story.Change{x}
			}
			return []story.Change{y}
		}, "path /x"},
		"a route that one member alone serves": {func(i, m int) []story.Change {
			if m == 4 && i%2 == 0 {
				return []story.Change{x, story.Answers(500)}
			}
			return []story.Change{y}
		}, "path /x"},
		"one route at one member": {func(i, m int) []story.Change {
			switch {
			case i%2 == 0 && m == 4:
				return []story.Change{x, story.Answers(500)}
			case i%2 == 0:
				return []story.Change{x}
			}
			return []story.Change{y}
		}, "member 10.0.0.4:80, path /x"},
		"a route that one client alone asks for": {func(i, _ int) []story.Change {
			if i%5 == 0 {
				return []story.Change{x, story.From(99), story.Answers(500)}
			}
			return []story.Change{y}
		}, "path /x"},
		"two failures": {func(i, _ int) []story.Change {
			if i == 100 || i == 160 {
				return []story.Change{x, story.Answers(500)}
			}
			return []story.Change{y}
		}, ""},
		"a member that gets most requests": {func(i, _ int) []story.Change {
			at4 := func(_ *accesslog.Record, a *accesslog.Attempt) { a.Member, a.Server = "10.0.0.4", story.ServerOf(4) }
			if i%10 == 0 {
				return []story.Change{at4, story.Answers(500)}
			}
			if i%5 != 1 {
				return []story.Change{at4}
			}
			return nil
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story.Lies(t, played(t, 300, c.each), c.want)
		})
	}
}

// A client is named where others ask for the same and get it.
func TestWhereOfAClient(t *testing.T) {
	t.Parallel()
	story.Lies(t, played(t, 300, func(i, _ int) []story.Change {
		if i%9 == 0 {
			return []story.Change{story.From(99), story.Answers(500)}
		}
		return nil
	}), "client 203.0.113.99")
}

// Failures that begin at a moment lie from it on; those that come with the traffic do not.
func TestWhereInTime(t *testing.T) {
	t.Parallel()
	r := played(t, 300, func(i, _ int) []story.Change {
		if i >= 150 && i%4 == 0 {
			return []story.Change{story.Answers(500)}
		}
		return nil
	})
	if r.Where == nil || r.Where.From == "" || r.Where.Until != "" || r.Where.Member+r.Where.Path != "" {
		t.Errorf("%+v", r.Where)
	}
	s := story.New(t)
	for i := range 400 {
		gap := 20 * time.Millisecond // a peak
		if i < 20 || i >= 380 {
			gap = 4 * time.Second
		}
		s.After(gap)
		if i%10 == 5 {
			s.Request(4+i%3, story.Answers(500))
		} else {
			s.Request(4 + i%3)
		}
	}
	story.Lies(t, s.Diagnose(), "")
}

// Clients that leave, one in two hundred, add up over a long time; an outage of a few seconds at one member comes first all the same.
func TestShortOutageInALongLog(t *testing.T) {
	t.Parallel()
	left := fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}
	r := played(t, 3000, func(i, m int) []story.Change {
		switch {
		case i%200 == 7:
			return []story.Change{story.Fails(left, 5*time.Millisecond)}
		case i > 1500 && i < 1525 && m == 5:
			return []story.Change{refused}
		}
		return nil
	})
	story.OfKind(t, r, "refused")
	if r.Verdict != nil && r.Verdict.Cause == "j-client-abort" || r.Where == nil || r.Where.Member != "10.0.0.5:80" {
		t.Errorf("verdict %+v at %+v: %s", r.Verdict, r.Where, r.Headline())
	}
	if h := r.Headline(); !strings.Contains(h, "10.0.0.5") {
		t.Errorf("headline %q", h)
	}
}

// The counts of the place and of the rest are in the fact, and the headline says them where the cause is open.
func TestWhereHasBothCounts(t *testing.T) {
	t.Parallel()
	r := played(t, 300, func(_, m int) []story.Change {
		if m == 5 {
			return []story.Change{refused}
		}
		return nil
	})
	story.OfKind(t, r, "refused")
	want := "member 10.0.0.5:80: 100 of 100 failures; it answered none of 100 requests, and none of the 200 of the other 2 failed"
	if r.Where == nil || r.Where.Fact != want || r.Where.Confidence != report.High {
		t.Errorf("%+v, want %q", r.Where, want)
	}
	if !strings.Contains(r.Headline(), "member 10.0.0.5:80") {
		t.Errorf("headline %q", r.Headline())
	}
}

// What the gateway refuses has a path where its line could be read: users of one page are named by it. What could not be read is logged as
// a request for /, which is no place.
func TestWhereOfWhatTheGatewayRefuses(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/account": "path /account", "/": ""} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for i := range 120 {
				if s.After(time.Second).Request(4+i%3, story.Path("/other")); i%6 == 0 {
					s.Request(0, story.Path(path), func(r *accesslog.Record, _ *accesslog.Attempt) {
						r.Status, r.ErrorInfo = 400, fault.InvalidRequest
					})
				}
			}
			s.Counts = &story.Counts{Requests: 140, Failures: 20}
			story.Lies(t, s.Diagnose(), want)
		})
	}
}

// The document no longer has the member, so its pool is not known: it is compared with all others.
func TestWhereOfAMemberThatHasLeftTheDocument(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 240 {
		member := []int{4, 5, 9}[i%3]
		if s.After(time.Second); i > 120 && member == 9 {
			s.Request(member, story.Fails(story.RaceFault, time.Millisecond), story.FirstGeneration)
		} else {
			s.Request(member, story.FirstGeneration)
		}
	}
	if r := s.Diagnose(); r.Where == nil || r.Where.Member != "10.0.0.9" {
		t.Errorf("%+v", r.Where)
	}
}
