package story

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// DoubledWaits has requests for which both members were waited for, one after the other.
func DoubledWaits(t *testing.T, failures int) *Story {
	s := NewAzure(t)
	s.Doc = strings.Replace(Document, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for range failures {
		s.After(time.Minute)
		for range 20 {
			s.After(time.Second).Request(4, Took(17*time.Second))
		}
		s.Request(4, Fails(TimeoutFault, 40*time.Second), func(r *accesslog.Record, a *accesslog.Attempt) {
			a.Total = 20 * time.Second
			r.Attempts = append(r.Attempts, *a)
		})
	}
	return s
}

// FullGateway needs both its instances wholly for ten minutes of an hour, in which members take some time for an answer.
func FullGateway(t *testing.T, answer time.Duration) *Story {
	s := NewAzure(t)
	s.Doc = strings.Replace(Document, `"capacity":1`, `"capacity":2`, 1)
	begin := s.At
	var points []string
	for i := range 60 {
		units := 8
		for j := range 20 {
			s.At = begin.Add(time.Duration(i)*time.Minute + time.Duration(j)*3*time.Second)
			if i >= 30 && i < 40 && j%5 == 0 {
				s.Request(4+j/5%2, Fails(RaceFault, 700*time.Millisecond))
			} else if i >= 30 && i < 40 {
				s.Request(4+j%2, Took(answer))
			} else {
				s.Request(4 + j%2)
			}
		}
		if i >= 30 && i < 40 {
			units = 20
		}
		points = append(points, fmt.Sprintf(`{"timeStamp":%q,"average":%d}`,
			begin.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), units))
	}
	s.Files = map[string]string{"metrics.json": `{"value":[{"name":{"value":"CapacityUnits"},"unit":"Count","timeseries":[{"metadatavalues":[],"data":[` + strings.Join(points, ",") + `]}]}]}`}
	return s
}

// Lively has two members answer in turn, and changes every n-th request; the log goes on after the last of them.
func Lively(t *testing.T, n int, changes ...Change) *Story {
	s := NewAzure(t)
	s.Doc = strings.Replace(Document, `"requestTimeout":2`, `"requestTimeout":30`, 1)
	for i := range 200 {
		if i%n == n-1 && i < 190 {
			s.After(2*time.Second).Request(4+i%2, changes...)
		} else {
			s.After(2 * time.Second).Request(4 + i%2)
		}
	}
	return s
}

// Moments has requests without a transaction: one that fails at the first second, three at the second, two of them at
// the same time, and many that go well.
func Moments(t *testing.T) *Story {
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

// HeldBack has a member, 10.0.0.6, that refuses from the 20th of sixty moments on. It is held back after three failures, and requests
// whose turn it was go elsewhere.
func HeldBack(t *testing.T) *Story {
	s := New(t)
	for i := range 60 {
		s.After(100 * time.Millisecond)
		s.Request(4)
		s.Request(5)
		switch {
		case i < 20:
			s.Request(6)
		case i < 23:
			s.Request(4, Recovered(RefusedFault, func(_ *accesslog.Record, a *accesslog.Attempt) {
				a.Member, a.Server, a.Connect, a.Total, a.Ejected = "10.0.0.6", ServerOf(6), accesslog.Unset, time.Millisecond, i == 22
			}))
		default:
			s.Request(5, func(r *accesslog.Record, _ *accesslog.Attempt) { r.HeldBack = "10.0.0.6" })
		}
	}
	return s
}

// Race has a member, 10.0.0.4, that ends idle connections after 2 s; a round trip takes 30 ms. Every seventh connection is picked within
// the last round trip before.
func Race(t *testing.T) *Story {
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

// Steady adds n requests to member 4, one every so often.
func Steady(s *Story, n int, every time.Duration) {
	for range n {
		s.After(every).Request(4)
	}
}

// BusySeconds have requests of two kinds, the later ones of each second with more in progress.
func BusySeconds(s *Story, seconds, level int, each func(second, active int)) {
	for i := range seconds {
		s.After(time.Second)
		for n := range level {
			s.After(2 * time.Millisecond)
			each(i, n)
		}
	}
}
