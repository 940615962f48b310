package diagnose

import (
	"net/http"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// Some logs do not name the member that was asked: those of a first-generation gateway without requestQuery, and exports that
// left the column out. There a row without a server does not say that no member was asked, and an answer without one still
// says that the pool answered.

// namelessAnswers are the answers of pools in rows that name no member.
type namelessAnswers struct {
	n       int
	answers map[poolKey]*ticks
	waits   histogram // as long as the client's time is not in them
}

// seeNameless notes an answer that must be a member's, though the row does not name one.
func (t *tally) seeNameless(r *accesslog.Record, own, bad bool) {
	if own || bad || !namelessAnswer(r) {
		return
	}
	n, k := &t.nameless, poolKey{r.Pool, r.Settings}
	n.n++
	if r.Taken > 0 && inOneFlight(r) {
		n.waits.add(r.Taken)
	}
	if n.answers == nil {
		n.answers = map[poolKey]*ticks{}
	}
	if n.answers[k] == nil && len(n.answers) < maxMembers {
		n.answers[k] = t.clock.ticks()
	}
	if n.answers[k] != nil {
		n.answers[k].add(r.Start.Add(r.Taken))
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

// namesNone reports whether the log names no member at all, and cannot be expected to.
func (t *tally) namesNone(e *event) bool {
	return len(t.members) == 0 && (e.v1 || t.nameless.n > 0)
}

// turns counts the runs of events between which their pool answered.
func (t *tally) turns(events []*event) int {
	turns, last := 1, events[0]
	for _, e := range events[1:] {
		if t.answeredBetween(e.poolKey(), last.at.Add(bucket+e.resolution()), e.start.Add(-bucket-e.resolution())) > 0 {
			turns++
		}
		last = e
	}
	return turns
}

// doubtUnhealthy takes back that no member was healthy where only a quick 502 without a member says so: in a log that names no
// members, and between answers of the same pool, which comes of no outage.
func (t *tally) doubtUnhealthy() {
	pools, groups := groupBy(filtered(t.events, (*event).byHaste), (*event).poolKey)
	for _, k := range pools {
		turns := t.turns(groups[k])
		for _, e := range groups[k] {
			if t.namesNone(e) && !t.knownWithout(e) || turns > 1 && 3*turns > len(groups[k]) {
				e.fault, e.unnamed = fault.Fault{Side: fault.Gateway, Kind: fault.Panicked}, true
			}
		}
	}
	for _, e := range t.events {
		if !e.own && !e.tried && !e.session && e.fault == (fault.Fault{Side: fault.Gateway, Kind: fault.Panicked}) && t.namesNone(e) {
			e.unnamed = true
		}
	}
}

// knownWithout reports whether other evidence has it that the event's pool was without healthy members: backend health, or a
// document in which the pool is empty.
func (t *tally) knownWithout(e *event) bool {
	if t.config != nil {
		if p := t.config.Pool(e.pool); p != nil && len(p.Members) == 0 {
			return true
		}
	}
	return len(t.trailsUnder(e.pool, e.settings)) > 0 && t.reasonAt(e) != (change{}) && !t.someHealthy(e.pool, e.settings)
}

// byHaste matches a request of which only its haste says that no member was healthy.
func (e *event) byHaste() bool {
	return !e.own && !e.tried && !e.session && e.fault.Kind == fault.NoHealthy && e.quietInfo()
}

// namelessLeft says what may be behind failures of which the log does not say whether a member was asked.
func namelessLeft(q *inquiry) {
	pools, groups := groupBy(q.unclaimed(func(e *event) bool { return e.unnamed }), (*event).poolKey)
	for _, k := range pools {
		next := "the log does not say whether a member was asked: look these times up in the members' own logs, and get the log with all of its columns (requestQuery on the first generation, serverRouted and serverStatus on the second) and backend health"
		rivals := []string{"b-refused", "c-restart", "c-idle-race", "k-backend-5xx"}
		if n := q.answeredBetween(k, groups[k][0].start, groups[k][len(groups[k])-1].at); n > 0 {
			next = count(n, "answer", "answers") + " of the pool lie between the first and the last of them, so it was not without healthy members all that time; " + next
			rivals = append(rivals, "a-flap-threshold", "a-all-unhealthy-fail-closed")
		} else {
			rivals = append([]string{"a-all-unhealthy-fail-closed"}, rivals...)
		}
		q.suspect(groups[k], next, rivals...)
	}
}

// namelessText says of a log that names no member what it does tell; empty if that is nothing.
func (q *inquiry) namelessText() string {
	if q.nameless.n == 0 {
		return ""
	}
	return "the log names no member, but " + count(q.nameless.n, "request was answered", "requests were answered")
}
