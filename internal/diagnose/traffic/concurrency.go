package traffic

import (
	"net/http"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/stats"
)

// Concurrency is what one instance of the gateway had in progress at a member when it sent a request. Another instance does not see that,
// nor does it count there; and only Causeway's records have it.
type Concurrency struct {
	Busy   LevelCounts     // when attempts were made that were answered without an error of the member's
	waited []time.Duration // for these together, by level
	Fresh  LevelCounts     // when connections were made on which an answer came
	Made   *stats.Timeline // those
}

// ConcurrencyKey is a member as one instance of one gateway meets it.
type ConcurrencyKey struct {
	MemberKey
	instance string
	gateway  *int
}

// ConcurrencyKey is the place of an event: its member, as the instance that tried it meets it.
func (e *Event) ConcurrencyKey() ConcurrencyKey {
	return ConcurrencyKey{e.Key(), e.Instance, e.gateway}
}

// concurrency is that of a place; nil if there are too many.
func (s *Summary) concurrency(k ConcurrencyKey) *Concurrency {
	w := s.Concurrency[k]
	if w == nil && len(s.Concurrency) < maxMembers {
		w = &Concurrency{Made: s.Clock.NewTimeline()}
		s.Concurrency[k] = w
	}
	return w
}

func (w *Concurrency) see(r *accesslog.Record, a *accesslog.Attempt) {
	if a.Status == 0 {
		return
	}
	if a.Status < http.StatusInternalServerError {
		w.Busy.Add(a.Active)
		for len(w.waited) < len(w.Busy) {
			w.waited = append(w.waited, 0)
		}
		w.waited[min(max(a.Active, 0), MaxLevel)] += max(0, a.Wait)
	}
	if !a.Reused {
		w.Fresh.Add(a.Active)
		w.Made.Add(r.Start)
	}
}

// Wait is the average time of answers whose requests came at a level or above it, but below another, and no higher
// than it takes to have three of them; ok is false where there are not.
func (w *Concurrency) Wait(from, below int) (mean time.Duration, ok bool) {
	sum, n := time.Duration(0), 0
	for level := from; level < min(below, len(w.Busy)) && n < 3; level++ {
		sum, n = sum+w.waited[level], n+w.Busy[level]
	}
	return sum / time.Duration(max(1, n)), n >= 3
}

// LevelCounts counts by how much work was in progress at a member: requests that one instance of the gateway had there.
type LevelCounts []int

// MaxLevel bounds them; what is above counts as if it were there.
const MaxLevel = 4096

// Add counts one attempt at a level of work in progress; levels above MaxLevel count as MaxLevel.
func (l *LevelCounts) Add(n int) {
	n = min(max(n, 0), MaxLevel)
	for len(*l) <= n {
		*l = append(*l, 0)
	}
	(*l)[n]++
}

// Split is how many were counted at a level or above it, and below.
func (l LevelCounts) Split(at int) (above, below int) {
	for level, n := range l {
		if level >= at {
			above += n
		} else {
			below += n
		}
	}
	return above, below
}
