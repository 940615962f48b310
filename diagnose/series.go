package diagnose

import (
	"slices"
	"time"
)

// minute is what happened in one minute, by the time at which requests began.
type minute struct {
	at       time.Time
	requests int
	failures int
	busy     time.Duration // time that members spent on requests: divided by a minute, how many were under way
	waited   time.Duration // of answered requests, in members
	own      time.Duration // of answered requests, outside of members
	answered int
	sent     int64 // bytes to clients
	clients  int   // requests that came on a connection of their own, where the log tells
}

// series are the minutes of a window.
type series struct {
	byMinute map[int64]*minute
	width    time.Duration
}

// maxMinutes bounds them: two months. Beyond, intervals become longer.
const maxMinutes = 90_000

func newSeries() *series { return &series{byMinute: map[int64]*minute{}, width: time.Minute} }

func (s *series) at(t time.Time) *minute {
	k := t.UnixNano() / int64(s.width)
	m := s.byMinute[k]
	if m == nil {
		if len(s.byMinute) >= maxMinutes {
			s.widen()
			return s.at(t)
		}
		m = &minute{at: time.Unix(0, k*int64(s.width)).UTC()}
		s.byMinute[k] = m
	}
	return m
}

func (s *series) widen() {
	s.width *= 2
	old := s.byMinute
	s.byMinute = map[int64]*minute{}
	for _, m := range old {
		k := m.at.UnixNano() / int64(s.width)
		to := s.byMinute[k]
		if to == nil {
			to = &minute{at: time.Unix(0, k*int64(s.width)).UTC()}
			s.byMinute[k] = to
		}
		to.requests, to.failures, to.answered, to.clients = to.requests+m.requests, to.failures+m.failures, to.answered+m.answered, to.clients+m.clients
		to.busy, to.waited, to.own, to.sent = to.busy+m.busy, to.waited+m.waited, to.own+m.own, to.sent+m.sent
	}
}

// list is the minutes in order.
func (s *series) list() []*minute {
	out := make([]*minute, 0, len(s.byMinute))
	for _, m := range s.byMinute {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *minute) int { return a.at.Compare(b.at) })
	return out
}
