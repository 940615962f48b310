package traffic

import (
	"net/http"
	"slices"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/health"
	"causeway/internal/fault"
	"causeway/internal/stats"
)

// namelessAnswers are the answers of pools in rows that name no member.
type namelessAnswers struct {
	N       int
	well    int // of those, with a status below 400
	answers map[PoolKey]*stats.Timeline
	Waits   stats.Histogram // as long as the client's time is not in them
}

// seeNameless notes an answer that must be a member's, though the row does not name one.
func (s *Summary) seeNameless(r *accesslog.Record, own, bad bool) {
	if own || bad || !namelessAnswer(r) {
		return
	}
	n, k := &s.Nameless, PoolKey{r.Pool, r.Settings}
	if n.N++; r.Status < 400 {
		n.well++
	}
	if r.Taken > 0 && inOneFlight(r) {
		n.Waits.Add(r.Taken)
	}
	if n.answers == nil {
		n.answers = map[PoolKey]*stats.Timeline{}
	}
	if n.answers[k] == nil && len(n.answers) < maxMembers {
		n.answers[k] = s.Clock.NewTimeline()
	}
	if n.answers[k] != nil {
		n.answers[k].Add(r.Start.Add(r.Taken))
	}
}

// namelessAnswer reports whether a row without a member has a status that the gateway does not give for itself: it redirects,
// refuses what it cannot read, and blocks.
func namelessAnswer(r *accesslog.Record) bool {
	if len(r.Attempts) > 0 || r.Session || r.Status < 200 || r.Status >= 500 || !quietInfo(r.ErrorInfo) {
		return false
	}
	switch r.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
		http.StatusBadRequest, http.StatusForbidden:
		return false
	}
	return true
}

// NamesNoMember reports whether requests were answered, and no row names the member that did: then nothing is known of members or routes.
func (s *Summary) NamesNoMember() bool { return len(s.Members) == 0 && s.Nameless.N > 0 }

// namesNone reports whether the log names no member at all, and cannot be expected to.
func (s *Summary) namesNone(e *Event) bool {
	return len(s.Members) == 0 && (e.v1 || s.Nameless.N > 0)
}

// Turns counts the runs of events between which their pool answered.
func (s *Summary) Turns(events []*Event) int {
	turns, last := 1, events[0]
	for _, e := range events[1:] {
		if s.AnsweredBetween(e.PoolKey(), last.At.Add(stats.BinWidth+e.Resolution()), e.Start.Add(-stats.BinWidth-e.Resolution())) > 0 {
			turns++
		}
		last = e
	}
	return turns
}

// triedBetween counts the attempts at members of a pool that began between two times.
func (s *Summary) triedBetween(k PoolKey, from, to time.Time) (n int) {
	for at, m := range s.Members {
		if at.Settings == k.Settings && m.Pool == k.Pool {
			n += m.Tried.Between(from, to)
		}
	}
	return n
}

// inTriedSeconds reports whether most events of a log that has whole seconds are in seconds in which other requests got a member of
// their pool. An outage shares two seconds with those at most, its first and its last. Answers do not count: slow ones come out of requests
// that began before the outage.
func (s *Summary) inTriedSeconds(events []*Event, outages int) bool {
	seconds, tried := map[int64]bool{}, 0
	for _, e := range events {
		at := e.At.Truncate(time.Second)
		if e.Resolution() < time.Second || seconds[at.Unix()] {
			continue
		}
		seconds[at.Unix()] = true
		if s.triedBetween(e.PoolKey(), at, at.Add(time.Second-stats.BinWidth)) > 0 {
			tried++
		}
	}
	return tried > 2*outages && 2*tried > len(seconds)
}

// doubtUnhealthy withdraws the fault NoHealthy where only a quick 502 without a member suggests it: in a log that names no
// members, and between answers of the same pool, which comes of no outage.
func (s *Summary) doubtUnhealthy() {
	pools, groups := GroupBy(Filter(s.Events, (*Event).TooQuick), (*Event).PoolKey)
	for _, k := range pools {
		turns := s.Turns(groups[k])
		amid := turns > 1 && 3*turns > len(groups[k]) || s.inTriedSeconds(groups[k], turns)
		for _, e := range groups[k] {
			if s.namesNone(e) && !s.knownWithout(e) || amid {
				e.Fault, e.Unnamed = fault.Fault{Side: fault.Gateway, Kind: fault.Panicked}, true
			}
		}
	}
	for _, e := range s.Events {
		if !e.Own && !e.Tried && !e.Session && e.Fault == (fault.Fault{Side: fault.Gateway, Kind: fault.Panicked}) && s.namesNone(e) {
			e.Unnamed = true
		}
	}
}

// seldom is the time between two requests from which on rows of failures may be all that was exported.
const seldom = 10 * time.Second

// knownWithout reports whether other evidence shows that the event's pool was without healthy members: backend health, or a
// document in which the pool is empty.
func (s *Summary) knownWithout(e *Event) bool {
	if s.Config != nil {
		if p := s.Config.Pool(e.Pool); p != nil && len(p.Members) == 0 {
			return true
		}
	}
	// Where nobody was answered in the whole log the report of health, of whatever time, fits it; unless the log has failures only.
	unanswered := s.Nameless.N == 0 && s.To.Sub(s.From) <= time.Duration(s.Requests)*seldom
	if e.Pool == "" && unanswered { // the first generation logs no pool
		return len(s.Histories) > 0 && !slices.ContainsFunc(s.Histories, func(h health.History) bool { return h.IsUp() })
	}
	explained := unanswered || s.ReasonAt(e) != (health.Change{})
	return len(s.HistoriesUnder(e.Pool, e.Settings)) > 0 && explained && !s.SomeHealthy(e.Pool, e.Settings)
}

// TooQuick matches a request for which only its short time suggests that no member was healthy.
func (e *Event) TooQuick() bool {
	return !e.Own && !e.Tried && !e.Session && e.Fault.Kind == fault.NoHealthy && e.QuietInfo()
}

// AnsweredBetween is how many answers came from a pool in a span of time, whether or not the log names the members.
func (s *Summary) AnsweredBetween(k PoolKey, from, to time.Time) int {
	n := 0
	for at, m := range s.Members {
		if at.Settings == k.Settings && m.Pool == k.Pool {
			n += m.Answers.Between(from, to)
		}
	}
	return n + s.Nameless.answers[k].Between(from, to)
}

// Some logs do not name the member that was tried: those of a first-generation gateway without requestQuery, and exports that
// left the column out. There a row without a server does not mean that no member was tried, and an answer without one still
// shows that the pool answered.
