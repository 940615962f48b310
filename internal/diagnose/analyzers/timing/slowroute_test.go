package timing_test

import (
	"fmt"
	"math"
	"math/rand"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

// These are late for their own sake, at any time and wherever they go: by day there are more of them, but not of a kind.
func TestRequestsThatAreLateByThemselves(t *testing.T) {
	t.Parallel()
	day := func(at time.Duration) float64 { return 0.5 - 0.45*math.Cos(2*math.Pi*at.Minutes()/10) }
	for name, c := range map[string]struct {
		model
		cause string
	}{
		"a path that often takes too long": {model{
			rates: map[string]float64{"/a": 5, "/report": 1},
			need:  needsOf{"/a": quickAnswers, "/report": story.Around(1300*time.Millisecond, 0.4)},
		}, "d-slow-route"},
		"a path that seldom takes too long": {model{
			rates: map[string]float64{"/a": 5, "/report": 2},
			need:  needsOf{"/a": quickAnswers, "/report": story.Around(900*time.Millisecond, 0.4)},
		}, "d-slow-route"},
		"a path that is asked for by day": {model{
			lasts: 20 * time.Minute, rates: map[string]float64{"/a": 2, "/report": 0.5},
			need: needsOf{"/a": quickAnswers, "/report": story.Around(1300*time.Millisecond, 0.4)}, rate: day,
		}, "d-slow-route"},
		"one customer has much on a path": {model{
			rates: map[string]float64{"/a": 5, "/b": 5}, need: needsOf{"/a": quickAnswers, "/b": story.Around(60*time.Millisecond, 0.5)},
			slow: times(25, func(_ time.Duration, path string, _, client int) bool { return path == "/b" && client == 3 }),
		}, "d-slow-route"},
		"all take long": {model{
			rates: twoPaths,
			need:  needsOf{"/a": story.Around(900*time.Millisecond, 0.5), "/b": story.Around(900*time.Millisecond, 0.5)},
		}, "d-timeout-below-latency"},
		"all take long, by day": {model{
			lasts: 20 * time.Minute, rates: twoPaths, need: needsOf{
				"/a": story.Around(900*time.Millisecond, 0.5),
				"/b": story.Around(800*time.Millisecond, 0.5),
			}, rate: day,
		}, "d-timeout-below-latency"},
	} {
		for kind, s := range c.evidences(t) {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				confidence := map[bool]string{true: report.Medium, false: report.High}[s.NoDoc]
				if r := s.Diagnose(); r.Verdict == nil || r.Verdict.Cause != c.cause || r.Verdict.Confidence != confidence ||
					r.Undetermined.Failures > 0 {
					t.Errorf("want %s %s\n%s", c.cause, confidence, story.TextOf(t, r))
				}
			})
		}
	}
}

// On the first generation the time of a request holds that of its client. If the files are large, slow clients may have taken it, and
// how long the member took is not known.
func TestSlowClientsAreNoSlowAnswersOnV1(t *testing.T) {
	t.Parallel()
	play := func(t *testing.T, size int64) *story.Story {
		m := model{
			limit: 20, members: 2, lasts: 20 * time.Minute, rates: map[string]float64{"/a": 0.5, "/file": 0.5}, v1: true,
			need: needsOf{"/a": quickAnswers, "/file": func(r *rand.Rand) time.Duration {
				if r.Intn(10) == 0 {
					return time.Hour
				}
				return time.Duration(r.Int63n(int64(20 * time.Second)))
			}},
		}
		s := m.play(t)
		for i := range s.Records {
			if r := &s.Records[i]; string(r.URI) == "/file" && r.Status == 200 {
				r.Sent = size
			}
		}
		return s
	}
	t.Run("small files", func(t *testing.T) {
		t.Parallel()
		story.Named(t, play(t, 500).Diagnose(), "d-slow-route")
	})
	t.Run("large files", func(t *testing.T) {
		t.Parallel()
		story.Spares(t, play(t, 5<<20).Diagnose(), "d-slow-route", "d-timeout-below-latency", "d-hung")
	})
}

// One path needs longer than the timeout allows; all others are quick.
func TestSlowRoute(t *testing.T) {
	t.Parallel()
	s, rnd := story.NewAzure(t), rand.New(rand.NewSource(1))
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for i := range 400 {
		s.After(time.Second).Request(4+i%3, story.Path("/quick"))
		if i%4 != 0 {
			continue
		}
		d := time.Duration(9000+rnd.Intn(15000)) * time.Millisecond
		if d < 20*time.Second {
			s.Request(4+i%3, story.Path("/report"), story.Took(d))
		} else {
			s.Request(4+i%3, story.Path("/report"), story.Fails(story.TimeoutFault, 20*time.Second))
		}
	}
	r := s.Diagnose()
	if len(r.Findings) != 1 || story.Found(t, r, 0).Cause != "d-slow-route" || story.Found(t, r, 0).Scope.Path != "/report" ||
		story.Found(t, r, 0).Confidence != report.High {
		t.Errorf("%+v", r.Findings)
	}
}

// Requests end at 20 s and answers come up to it, while the document gives another timeout.
func TestTimeoutOfAnotherTime(t *testing.T) {
	t.Parallel()
	for _, limit := range []string{"10", "60"} {
		t.Run(limit, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":`+limit, 1)
			for i := range 400 {
				s.After(time.Second).Request(4+i%3, story.Path("/quick"))
				switch {
				case i%20 == 0:
					s.Request(4+i%3, story.Path("/report"), story.Fails(story.TimeoutFault, 20*time.Second+5*time.Millisecond))
				case i%4 == 0:
					s.Request(4+i%3, story.Path("/report"), story.Took(time.Duration(11000+i*22)*time.Millisecond))
				}
			}
			r := s.Diagnose()
			story.Expect(t, r, "d-slow-route medium 20")
			if !strings.Contains(strings.Join(r.Assumptions, "\n"), "was 20 s: the document, which says "+limit+" s") {
				t.Errorf("assumptions %q", r.Assumptions)
			}
			now := map[string]string{"60": "raised since, from 20 s to 60 s", "10": "the document has 10 s by now"}[limit]
			effect := map[string]string{
				"60": "with the present 60 s some of them would have been answered",
				"10": "the present 10 s would have cut 80 answers more",
			}[limit]
			said := fmt.Sprint(story.Found(t, r, 0).Fixes)
			if !strings.Contains(said, now) || !strings.Contains(said, effect) || limit == "60" && strings.Contains(said, "--timeout 30") {
				t.Errorf("document says %s: %s", limit, said)
			}
			if saving := r.WhatIf.Savings[0]; saving.From != "20 s" || saving.To != limit+" s" ||
				!strings.Contains(saving.Note, "the document's value by now") {
				t.Errorf("%+v", saving)
			}
		})
	}
}
