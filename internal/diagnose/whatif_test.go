package diagnose_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

func savingOf(t *testing.T, r *report.Report, setting string) report.Saving {
	t.Helper()
	for _, s := range r.WhatIf.Savings {
		if s.Setting == setting {
			return s
		}
	}
	t.Fatalf("nothing is said of %s: %+v", setting, r.WhatIf)
	return report.Saving{}
}

// The idle limit is replayed: every lost request was on a connection that would have been a new one.
func TestShorterIdleLimitIsExact(t *testing.T) {
	t.Parallel()
	r := story.Race(t).Diagnose()
	s := savingOf(t, r, "backendIdleTimeout")
	if s.Removes != [2]int{29, 29} || s.Basis != "exact" || r.WhatIf.Together[0] != 29 {
		t.Errorf("%+v, together %v", s, r.WhatIf.Together)
	}
}

// A timer cut through a slope: some would have come, how many is not known. Nothing just below it: nobody knows at all.
func TestLongerTimeoutIsBoundedOrUnknown(t *testing.T) {
	t.Parallel()
	f := func(slope bool, basis string) {
		t.Helper()
		s := story.New(t)
		for i := range 200 {
			d := 20 * time.Millisecond
			if slope {
				d = time.Duration(i) * 10 * time.Millisecond
			}
			s.After(100*time.Millisecond).Request(4, story.Took(d))
			if i%20 == 0 {
				s.Request(5, story.Fails(story.TimeoutFault, 2*time.Second))
			}
		}
		got := savingOf(t, s.Diagnose(), "requestTimeout")
		if got.Removes != [2]int{0, 10} || got.Basis != basis {
			t.Errorf("%+v", got)
		}
	}
	f(true, "bounded")
	f(false, "unknown")
}

// A shorter timeout costs nothing where every answer is far below it, and that can be replayed.
func TestShorterTimeoutIsExact(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for i := range 200 {
		s.After(time.Second).Request(4, story.Took(50*time.Millisecond))
		if i%20 == 0 {
			s.Request(5, story.Fails(story.TimeoutFault, 20*time.Second))
		}
	}
	r := s.Diagnose()
	for _, x := range r.WhatIf.Savings {
		if x.Setting == "requestTimeout" && x.To == "1 s" {
			if x.Adds != 0 || x.Basis != "exact" {
				t.Errorf("%+v", x)
			}
			return
		}
	}
	t.Errorf("%+v", r.WhatIf)
}

// After the fix the same traffic has no such failures; without it it has as many; a few requests tell nothing.
func TestFollowUp(t *testing.T) {
	t.Parallel()
	before := story.Race(t).Diagnose()
	quietly := story.New(t)
	for range 400 {
		quietly.After(400 * time.Millisecond).Request(4)
	}
	f := func(now *report.Report, want string) {
		t.Helper()
		now.Follow(before)
		if len(now.Before) != 1 || now.Before[0].Result != want {
			t.Errorf("%+v, want %s", now.Before, want)
		}
	}
	f(quietly.NextDay().Diagnose(), "worked")
	f(story.Race(t).NextDay().Diagnose(), "not")
	few := story.New(t)
	few.Request(4)
	f(few.NextDay().Diagnose(), "too-early")
}

// A window that holds requests of the earlier one cannot tell whether a fix worked, nor can one of a time before it.
func TestFollowUpOfTheSameTime(t *testing.T) {
	t.Parallel()
	before := story.Race(t).Diagnose()
	end, err := time.Parse(time.RFC3339, before.Window.To)
	if err != nil {
		t.Fatal(err)
	}
	for begin, want := range map[time.Duration]string{
		-30 * time.Second:     "is in both windows",
		-30 * 24 * time.Hour:  "lies before that of the earlier report",
		time.Millisecond:      "where the old rate would have made",
		-1 * time.Millisecond: "where the old rate would have made", // the last request took so long
	} {
		t.Run(fmt.Sprintf("begin %v", begin), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.At = end.Add(begin)
			for range 400 {
				s.After(400 * time.Millisecond).Request(4)
			}
			s.Records[0].Start = end.Add(begin)
			now := s.Diagnose()
			now.Follow(before)
			if len(now.Before) == 0 {
				t.Fatal("nothing was followed up")
			}
			if u := now.Before[0]; !strings.Contains(u.Why, want) || (u.Result == "worked") != strings.HasPrefix(want, "where") ||
				strings.HasPrefix(want, "is in") && !strings.Contains(u.Why, "--since "+before.Window.To) {
				t.Errorf("%s: %+v", begin, u)
			}
		})
	}
}
