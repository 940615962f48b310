package diagnose_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/stats"
)

// Every finding, and every group that is left open, says when its failures lie.
func TestWhenFailuresLie(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		step, length time.Duration
		bad          func(since time.Duration) bool
		want         string
	}{
		"every night": {10 * time.Minute, 5 * day, func(d time.Duration) bool {
			h := (9*time.Hour + d) % day
			return h >= 2*time.Hour &&
				h < 3*time.Hour
		}, "every day 02:00–02:50 UTC, nothing outside"},
		"over midnight": {10 * time.Minute, 5 * day, func(d time.Duration) bool {
			h := (9*time.Hour + d) % day
			return h >= 23*time.Hour ||
				h < time.Hour
		}, "every day 23:00–00:50 UTC, nothing outside"},
		"every Wednesday": {30 * time.Minute, 29 * day, func(d time.Duration) bool {
			h := (9*time.Hour + d) % (7 * day)
			return h >= 50*time.Hour && h < 53*time.Hour
		}, "every Wednesday 02:00–04:30 UTC, nothing outside"},
		"every hour": {time.Minute, 9 * time.Hour, func(d time.Duration) bool {
			return d%time.Hour >= 15*time.Minute &&
				d%time.Hour < 18*time.Minute
		}, "every hour at minutes 15–17, nothing outside"},
		"most nights": {10 * time.Minute, 6 * day, func(d time.Duration) bool {
			h := (9*time.Hour + d) % day
			return d/day != 3 && h >= 2*time.Hour && h < 3*time.Hour
		}, "on 5 of 6 days, 02:00–02:50 UTC, nothing outside"},
		"every night but once": {10 * time.Minute, 5 * day, func(d time.Duration) bool {
			h := (9*time.Hour + d) % day
			return h >= 2*time.Hour && h < 4*time.Hour || d == 30*time.Hour
		}, "60 of 61 every day 02:00–03:50 UTC, 1 outside"},
		"every six hours": {
			5 * time.Minute, 4 * day, func(d time.Duration) bool { return (9*time.Hour+d)%(6*time.Hour) < 15*time.Minute },
			"every 6 hours (00:00–00:10, 06:00–06:10, 12:00–12:10, 18:00–18:10 UTC), nothing outside",
		},
		"every two hours": {5 * time.Minute, 2 * day, func(d time.Duration) bool {
			m := (9*time.Hour + d) % (2 * time.Hour)
			return m >= 70*time.Minute && m < 85*time.Minute
		}, "every 2 hours (01:10–01:20, 03:10–03:20, "},
		"one burst": {time.Second, time.Hour, func(d time.Duration) bool {
			return d >= 20*time.Minute &&
				d <= 20*time.Minute+50*time.Second
		}, "in one burst, 2026-11-23 09:20:00–09:20:50 UTC, nothing outside"},
		"two bursts": {
			time.Second, time.Hour, func(d time.Duration) bool { m := d / time.Minute; return m == 12 || m == 44 },
			"in 2 bursts: 2026-11-23 09:12:00–09:12:59 (60), 2026-11-23 09:44:00–09:44:59 (60) UTC, nothing between",
		},
		"to the end": {
			time.Second, time.Hour, func(d time.Duration) bool { return d >= 40*time.Minute },
			"from 2026-11-23 09:40:00 UTC to the end of the log, nothing before",
		},
		"at first": {
			time.Second, time.Hour, func(d time.Duration) bool { return d < 20*time.Minute },
			"until 2026-11-23 09:19:59 UTC, nothing after",
		},
		"all the time": {
			time.Second, time.Hour, func(d time.Duration) bool { return d%(10*time.Second) == 0 },
			"all through the log, 2026-11-23 09:00:00–09:59:50 UTC",
		},
		"once": {time.Second, time.Hour, func(d time.Duration) bool { return d == 7*time.Second }, "at 2026-11-23 09:00:07 UTC"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			begin := s.At
			for d := time.Duration(0); d < c.length; d += c.step {
				s.At = begin.Add(d)
				if c.bad(d) {
					s.Request(4+int(d/c.step)%2, story.Status(500))
				} else {
					s.Request(4 + int(d/c.step)%2)
				}
			}
			if r := s.Diagnose(); len(r.Findings) == 0 || !strings.HasPrefix(story.Found(t, r, 0).When, c.want) {
				t.Errorf("%s: %+v, want %q", name, r.Findings, c.want)
			}
		})
	}
}

// Failures that come at any time of day are no schedule, though there are few of them.
func TestNoSchedule(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	s := story.NewAzure(t)
	for range 5 * 144 {
		if s.After(10 * time.Minute); r.IntN(120) == 0 {
			s.Request(4, story.Status(500))
		} else {
			s.Request(4)
		}
	}
	if f := *story.Found(t, s.Diagnose(), 0); f.Failures < stats.MinEvents || strings.Contains(f.When, "every") ||
		strings.Contains(f.When, "days") {
		t.Error(f.Failures, f.When)
	}
}
