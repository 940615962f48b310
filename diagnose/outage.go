package diagnose

import (
	"fmt"
	"time"

	"causeway/fault"
)

// outage is a run of failures on one member between which it gave no answer: connections that broke, and attempts to
// make new ones that failed.
type outage struct {
	events  []*event
	refused int // attempts to connect that failed
	broken  int // connections that broke under a request
	silent  int // requests that waited for the whole timeout, while the member answered nobody
}

func (o *outage) from() time.Time { return o.events[0].start }
func (o *outage) last() time.Time { return o.events[len(o.events)-1].at }

// connectFailed reports whether no connection to the member came about.
func connectFailed(e *event) bool {
	return e.tried && (e.fault.Phase == fault.Connect || e.fault.Phase == fault.TLS && (e.fault.Kind == fault.Closed || e.fault.Kind == fault.Reset)) &&
		e.fault.Side != fault.Gateway
}

// brokeUnderRequest reports whether the member's connection ended while it had a request.
func brokeUnderRequest(e *event) bool {
	if e.closedUnanswered() {
		return true
	}
	return e.tried && e.fault.Side == fault.Backend && (e.fault.Phase == fault.Body || e.fault.Phase == fault.Head) &&
		(e.fault.Kind == fault.Truncated || e.fault.Kind == fault.Reset || e.fault.Kind == fault.Closed)
}

// quiet is how long a member may be silent within one outage without an answer being asked for.
const quiet = 2 * time.Second

// outages cuts the failures of one member into runs: a run ends where the member answers again.
func (q *inquiry) outages(events []*event, m *memberTally) []outage {
	var out []outage
	for _, e := range events {
		n := len(out)
		if n == 0 || e.start.Sub(out[n-1].last()) > quiet && m.answers.between(out[n-1].last().Add(time.Second), e.start.Add(-time.Second)) > 0 {
			out = append(out, outage{})
			n++
		}
		o := &out[n-1]
		o.events = append(o.events, e)
		switch {
		case connectFailed(e):
			o.refused++
		case isTimeout(e):
			o.silent++
		default:
			o.broken++
		}
	}
	return out
}

// memberOutages are the runs of failures of each member in which no connection came about, or in which it fell silent.
func (q *inquiry) memberOutages(f func(k memberKey, m *memberTally, o outage)) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return connectFailed(e) || brokeUnderRequest(e) || q.inSilence(e) }), (*event).key)
	for _, k := range keys {
		m := q.members[k]
		if m == nil {
			continue
		}
		for _, o := range q.outages(groups[k], m) {
			if o.refused+o.silent > 0 {
				f(k, m, o)
			}
		}
	}
}

// inSilence reports whether a request waited in vain while its member answered nobody else either.
func (q *inquiry) inSilence(e *event) bool {
	m := q.members[e.key()]
	return isTimeout(e) && e.tried && m != nil && m.answers.between(e.start.Add(2*bucket), e.at.Add(-bucket)) == 0
}

// restart: the process ended and came back. Connections broke together or new ones were refused, nobody was answered
// meanwhile, and the member answered again before the probes had taken it out.
func restart(q *inquiry) {
	var order []memberKey
	away := map[memberKey][]outage{}
	q.memberOutages(func(k memberKey, m *memberTally, o outage) {
		back, returned := m.answers.after(o.last().Add(-time.Second))
		o.events = trimBefore(o.events)
		if !returned || !o.likeARestart(m) || q.evicted(o, back) {
			return
		}
		if away[k] == nil {
			order = append(order, k)
		}
		away[k] = append(away[k], o)
	})
	for _, k := range order {
		q.restarts(k, away[k])
	}
}

const (
	longestRestart = 5 * time.Minute
	manyRestarts   = 5 // of one member: beyond that it is a pattern of another kind
)

// likeARestart reports whether a process that ends and comes back leaves such a run: everything to do with the member
// fails at once, refused by its host, for a while.
func (o *outage) likeARestart(m *memberTally) bool {
	if o.refused == 0 || o.silent > 0 || !refusedOnly(o.events) || o.last().Sub(o.events[0].at) > longestRestart {
		return false
	}
	if o.broken == 0 && o.refused < 3 {
		return false
	}
	return m.answers.between(o.events[0].at.Add(2*bucket), o.last().Add(-2*bucket)) == 0
}

func (q *inquiry) restarts(k memberKey, runs []outage) {
	var events []*event
	broken, refused := 0, 0
	for _, o := range runs {
		events = append(events, o.events...)
		broken, refused = broken+o.broken, refused+o.refused
	}
	if len(runs) > manyRestarts {
		q.suspect(events, fmt.Sprintf("%s was away %d times: look when its process started, and what ends it", k.member, len(runs)), "c-restart", "g-crash-on-input", "g-oom-kill", "b-reject")
		return
	}
	confidence := Medium
	if broken > 0 && refused >= 2 {
		confidence = High
	}
	m, last := q.members[k], runs[len(runs)-1]
	back, _ := m.answers.after(last.last().Add(-time.Second))
	f := q.claim("c-restart", events, scopeOf(events), confidence)
	f.says("access-log", fmt.Sprintf("%s was away %s: %d connections broke under a request and %d new ones were refused, first at %s, last at %s; nobody was answered meanwhile, and it answered again at %s",
		k.member, count(len(runs), "time", "times"), broken, refused, stamp(runs[0].events[0].at), stamp(last.last()), stamp(back)), events...)
	f.excludes("b-refused", "the member came back by itself")
	f.excludes("c-idle-race", "new connections were refused: the whole process was away, not one connection")
	f.leaves("g-oom-kill", "g-crash-on-input")
	f.expect("backend", countVisible(events), len(events), "bounded", "a graceful stop loses none of them; those under way when the process ends depend on how long it waits")
	q.fill(map[string]string{"address": k.server.String()}, f)
}

// trimBefore leaves out connections that broke more than two seconds before the first refusal: another cause's.
func trimBefore(events []*event) []*event {
	var first time.Time
	for _, e := range events {
		if connectFailed(e) {
			first = e.at
			break
		}
	}
	if first.IsZero() {
		return events
	}
	var out []*event
	for _, e := range events {
		if first.Sub(e.at) <= quiet {
			out = append(out, e)
		}
	}
	return out
}

// refusedOnly reports whether every attempt to connect was answered by a refusal or a reset, as a host does whose
// process is away.
func refusedOnly(events []*event) bool {
	for _, e := range events {
		if connectFailed(e) && e.fault.Kind != fault.Refused && e.fault.Kind != fault.Reset {
			return false
		}
	}
	return true
}

// evicted reports whether the probes had taken the member out before it came back.
func (q *inquiry) evicted(o outage, back time.Time) bool {
	t := q.trailOf(o.events[0])
	if t == nil {
		return false
	}
	down, went := t.wentDown(o.from(), back)
	if !went {
		return false
	}
	return o.last().Sub(down.at) < quiet && back.Sub(down.at) > quiet
}

// slowEviction: a member died, and its share of the traffic went to it until its health turned to Down.
func slowEviction(q *inquiry) {
	q.memberOutages(func(k memberKey, m *memberTally, o outage) {
		t := q.trailOf(o.events[0])
		if t == nil || !q.othersAnswered(k, o) {
			return
		}
		down, went := t.wentDown(o.from(), o.last().Add(time.Minute))
		if !went || lateStarts(o.events, down.at) > 0 || down.at.Sub(lastStart(o.events)) > q.probeInterval(o.events[0].settings)+quiet {
			return
		}
		o.events = trimBefore(o.events)
		confidence := High
		if len(o.events) < 3 {
			confidence = Medium
		}
		f := q.claim("a-slow-eviction", o.events, scopeOf(o.events), confidence)
		f.says("access-log", fmt.Sprintf("%d attempts on %s failed between %s and %s, and none after", len(o.events), k.member, stamp(o.from()), stamp(o.last())), o.events...)
		f.says("backend-health", fmt.Sprintf("%s turned to Down at %s (%s): %s after the first failure", k.member, stamp(down.at), down.reason, seconds(down.at.Sub(o.from()))))
		f.excludes("c-restart", "the member did not come back before its health turned")
		f.excludes("b-refused", "the failures end with the change of health, and the other members of the pool kept answering")
		f.expect("backend", len(o.events), len(o.events), "exact", "a member that was taken out before it stops gets no request any more")
		f.expect("gateway", 0, len(o.events), "bounded", "in proportion to how much sooner the probes give up")
		q.fill(map[string]string{"address": k.server.String()}, f)
	})
}

// othersAnswered reports whether another member under the same settings answered during the outage.
func (q *inquiry) othersAnswered(k memberKey, o outage) bool {
	for other, m := range q.members {
		if other != k && other.settings == k.settings && m.answers.between(o.from().Add(-time.Second), o.last().Add(time.Second)) > 0 {
			return true
		}
	}
	return false
}

// lateStarts counts events that began after a time, with a second's grace.
func lateStarts(events []*event, at time.Time) int {
	n := 0
	for _, e := range events {
		if e.start.After(at.Add(time.Second)) {
			n++
		}
	}
	return n
}

func lastStart(events []*event) time.Time {
	var last time.Time
	for _, e := range events {
		if e.start.After(last) {
			last = e.start
		}
	}
	return last
}

// probeInterval is the time between two probes under settings; Azure's default without a document.
func (q *inquiry) probeInterval(settings string) time.Duration {
	if q.config != nil {
		if s := q.config.Setting(settings); s != nil {
			if p := q.config.Probe(s.Probe); p != nil {
				return time.Duration(p.Interval) * time.Second
			}
		}
	}
	return 30 * time.Second
}
