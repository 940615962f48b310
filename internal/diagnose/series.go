package diagnose

import (
	"slices"
	"time"
)

// interval is what happened in a piece of time, by when requests began.
type interval struct {
	at       time.Time
	requests int
	failures int
	busy     time.Duration // time that members spent on requests: divided by the width, how many were under way
	waited   time.Duration // of answered requests, in members
	own      time.Duration // of answered requests, outside of members
	answered int
	sent     int64 // bytes to clients
	clients  int   // requests that came on a connection of their own, where the log tells
}

// series cuts a window into intervals: seconds, as long as there are not too many of them.
type series struct {
	byNumber map[int64]*interval
	width    time.Duration
	last     *interval // rows come in about the order of time
	lastAt   int64
}

// maxIntervals bounds them: a day of seconds. Beyond, they become twice as long.
const maxIntervals = 90_000

func newSeries() *series { return &series{byNumber: map[int64]*interval{}, width: time.Second} }

func (s *series) at(t time.Time) *interval {
	k := t.UnixNano() / int64(s.width)
	if s.last != nil && s.lastAt == k {
		return s.last
	}
	m := s.byNumber[k]
	if m == nil {
		if len(s.byNumber) >= maxIntervals {
			s.widen()
			return s.at(t)
		}
		m = &interval{at: time.Unix(0, k*int64(s.width)).UTC()}
		s.byNumber[k] = m
	}
	s.last, s.lastAt = m, k
	return m
}

func (s *series) widen() {
	s.width *= 2
	s.last = nil
	old := s.byNumber
	s.byNumber = map[int64]*interval{}
	for _, m := range old {
		k := m.at.UnixNano() / int64(s.width)
		to := s.byNumber[k]
		if to == nil {
			to = &interval{at: time.Unix(0, k*int64(s.width)).UTC()}
			s.byNumber[k] = to
		}
		to.requests, to.failures, to.answered, to.clients = to.requests+m.requests, to.failures+m.failures, to.answered+m.answered, to.clients+m.clients
		to.busy, to.waited, to.own, to.sent = to.busy+m.busy, to.waited+m.waited, to.own+m.own, to.sent+m.sent
	}
}

// around is the interval of a time; nil if nothing happened in it.
func (s *series) around(t time.Time) *interval { return s.byNumber[t.UnixNano()/int64(s.width)] }

// list is the intervals in order.
func (s *series) list() []*interval {
	out := make([]*interval, 0, len(s.byNumber))
	for _, m := range s.byNumber {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *interval) int { return a.at.Compare(b.at) })
	return out
}
