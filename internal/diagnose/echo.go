package diagnose

import (
	"slices"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// Azure's second generation is nginx, whose $upstream_status holds the gateway's own 502 after a refused or closed
// connection, its own 504 after a timeout, and 499 after a client that left. Whether Azure blanks it is not documented.
// So in serverStatus these three prove no answer: a member that nobody reached may seem to have given one.

// disown takes the statuses of a record of Azure's that prove no answer away from its attempts. It is the one place that
// decides what counts as an answer; all that looks at Attempt.Status after it may trust it.
func disown(r *accesslog.Record) {
	for i := range r.Attempts {
		if a := &r.Attempts[i]; !provesAnswer(r, a) {
			a.Echo, a.Status = a.Status, 0
		}
	}
}

// provesAnswer reports whether the status of an attempt can only be the member's.
func provesAnswer(r *accesslog.Record, a *accesslog.Attempt) bool {
	switch a.Status {
	case 502, 504, fault.ClientGone:
	default:
		return true
	}
	if a.Status == fault.ClientGone || r.Status == fault.ClientGone || r.Status == 0 || !quietInfo(r.ErrorInfo) {
		return false
	}
	return a.HeaderTime > 0 // nginx writes it once a head has come, and "-" otherwise
}

// quietInfo reports whether error_info names nothing that the gateway met: it is absent, says so, or is a word that nobody
// has documented.
func quietInfo(info string) bool {
	switch info {
	case fault.UpstreamNoLive, fault.UpstreamTimedOut, fault.UpstreamClosed:
		return false
	}
	_, client := clientInfo[info]
	return !client
}

// echoes is what a log as a whole tells of who wrote the statuses that prove no answer by themselves.
type echoes struct {
	t      *tally
	blank  map[int]bool             // by status: failures that the gateway makes it of have none in this log, so one that stands there is an answer
	closes bool                     // error_info calls closed connections by their name
	timers map[string]time.Duration // of settings: where requests end that certainly ran into the request timeout
	own504 map[string]bool          // of settings: 504s come at no one timer, or answers come later than they do
	pages  map[errorPage][2]int64   // least and most bytes of errors that the gateway would write alike
}

// errorPage is what the gateway has one error page for.
type errorPage struct {
	listener, method string
	status           int
}

func (e *event) errorPage() errorPage { return errorPage{e.listener, e.method, e.status} }

// judgeEchoes decides, where the log as a whole can, who wrote the statuses that prove no answer by themselves: the gateway's
// timer did if they lie at it; the member did if this log leaves serverStatus empty where no answer came, or if no
// mechanism of the gateway fits. What nothing decides stays unsaid.
func (t *tally) judgeEchoes() {
	all := filtered(t.events, func(e *event) bool {
		return !e.own && e.visible && e.tried && e.quietInfo() && e.attempt.Status == 0 && e.fault.Side == fault.Backend && e.fault.Phase != fault.Body
	})
	if len(all) == 0 {
		return
	}
	x := t.echoesOf(all)
	for _, e := range all {
		switch {
		case x.atTimer(e):
			e.fault = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout}
		case e.attempt.Echo == 0:
		case x.blank[e.attempt.Echo]:
			e.answeredItself()
		default:
			if e.unsaid = true; x.fitsNothing(e) {
				e.answeredItself()
			}
		}
	}
}

// answeredItself takes an echo for the member's answer. The tallies of answers, which were made before, stay without it.
func (e *event) answeredItself() {
	e.attempt.Status = e.attempt.Echo
	e.fault = fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Status}
}

// tallied reports whether an event's answer is among those that the tallies count.
func (e *event) tallied() bool { return e.attempt.Status > 0 && e.attempt.Echo == 0 }

func (t *tally) echoesOf(all []*event) *echoes {
	x := &echoes{t: t, timers: t.timersSeen(), own504: map[string]bool{}, pages: map[errorPage][2]int64{}}
	x.blank = map[int]bool{502: t.leavesBlank(fault.UpstreamClosed), 504: t.leavesBlank(fault.UpstreamTimedOut)}
	x.closes = slices.ContainsFunc(t.events, func(e *event) bool { return !e.own && e.info == fault.UpstreamClosed })
	settings, groups := groupBy(filtered(all, func(e *event) bool { return e.attempt.Echo == 504 }), func(e *event) string { return e.settings })
	for _, s := range settings {
		timer := commonTimer(sortedDurations(groups[s], lasted))
		x.own504[s] = timer == 0 || t.routesOf(s).waits.most > timer+timerBand(timer)
	}
	pages, same := groupBy(all, (*event).errorPage)
	for _, p := range pages {
		if sizes := sortedSizes(same[p]); len(sizes) >= minEvents {
			x.pages[p] = [2]int64{sizes[0], sizes[len(sizes)-1]}
		}
	}
	return x
}

// leavesBlank reports whether the failures that error_info gives this name, three at least, all have an empty serverStatus.
func (t *tally) leavesBlank(info string) bool {
	blank := 0
	for _, e := range t.events {
		if e.own || !e.tried || !e.visible || e.fault.Phase == fault.Body || e.info != info {
			continue
		}
		if e.attempt.Echo > 0 {
			return false
		}
		blank++
	}
	return blank >= 3
}

// timersSeen are the timers of settings at which those requests end that certainly ran into the request timeout: error_info, or
// a 504 without the status of a member, says so.
func (t *tally) timersSeen() map[string]time.Duration {
	out := map[string]time.Duration{}
	settings, groups := groupBy(filtered(t.events, func(e *event) bool {
		return !e.own && e.tries == 1 && isTimeout(e) && (e.attempt.Echo == 0 || !e.quietInfo())
	}), func(e *event) string { return e.settings })
	for _, s := range settings {
		if len(groups[s]) >= 3 {
			out[s] = commonTimer(sortedDurations(groups[s], lasted))
		}
	}
	return out
}

// atTimer reports whether a request ended at the gateway's own timer: the request timeout of the document or, where there is
// none, the timer at which others certainly ended.
func (x *echoes) atTimer(e *event) bool {
	if limit := x.t.timeouts[e.settings]; limit > 0 {
		return lasted(e) >= limit-timerBand(limit)
	}
	timer := x.timers[e.settings]
	return timer > 0 && (lasted(e)-timer).Abs() <= timerBand(timer)
}

// fitsNothing reports whether a status comes as no gateway makes it, from a member that lives. A 504: well before the request timeout,
// or at no timer at all, while the member answers others. A 502 of one that answers others afterwards: from a platform that always has somebody to answer, late in a log
// that names closed connections as such elsewhere, or with pages of several sizes, where the gateway has one.
func (x *echoes) fitsNothing(e *event) bool {
	if e.attempt.Echo == 504 {
		return (x.t.timeouts[e.settings] > 0 || x.own504[e.settings]) && x.t.answersAround(e)
	}
	m := x.t.member(e.key())
	if _, lives := m.answers.after(e.at.Add(bucket + e.resolution())); !lives {
		return false
	}
	sizes := x.pages[e.errorPage()]
	late := lasted(e) > max(m.fastFor(), time.Second/4)
	return x.t.platformOf(e) != "" || late && x.closes || sizes[1]-sizes[0] > pageSpread
}

// answersAround reports whether the member of an event answered others while it waited, or within a minute before and after.
func (t *tally) answersAround(e *event) bool {
	m, slack := t.member(e.key()), bucket+e.resolution()
	return m.answers.between(e.start.Add(slack), e.at.Add(-slack)) > 0 ||
		m.answers.between(e.start.Add(-time.Minute), e.start) > 0 && m.answers.between(e.at.Add(slack), e.at.Add(time.Minute)) > 0
}

// pageSpread is by how many bytes answers with the gateway's one page may differ, for the fields of the connection.
const pageSpread = 64

func sortedSizes(events []*event) (out []int64) {
	for _, e := range events {
		if e.sent > 0 {
			out = append(out, e.sent)
		}
	}
	slices.Sort(out)
	return out
}

var unsaidTimers = hypothesis{
	cause: "k-backend-5xx", needs: theLog,
	test: "left open: a 504 that the gateway's timer may have made, or the member's own, where the request timeout is not known",
	look: setUnsaidAside,
}

// setUnsaidAside leaves timeouts open that may be the member's own: without the request timeout it is not known whose timer
// it was that ended them.
func setUnsaidAside(q *inquiry) {
	events := q.unclaimed(func(e *event) bool { return e.unsaid && isTimeout(e) && q.timeouts[e.settings] == 0 })
	if len(events) > 0 {
		q.suspect(events, "these ended after "+fromTo(sortedDurations(events, lasted))+", and serverStatus has the same 504, which the gateway may have written itself: add the gateway document; at the request timeout it was the gateway that gave up, at any other time the member did",
			"d-timeout-below-latency", "d-hung", "k-chained-proxy", "d-inner-timeout", "d-slow-route", "k-backend-5xx")
	}
}

// unsaidCloses leaves 502s open that the gateway may have written after a connection that ended, or the member itself.
func unsaidCloses(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.unsaid && closedSomehow(e) }), (*event).key)
	for _, k := range keys {
		q.suspect(groups[k], "serverStatus has the same 502, which the gateway writes itself when "+k.member+" refuses or closes a connection: look these transactions up in its log by x-appgw-trace-id; if it has them the answer is its own, if not look when its process started and compare its keep-alive limit with the gateway's",
			slices.Concat(q.movedAway(groups[k]), []string{
				"k-backend-5xx", "k-chained-proxy", "b-refused", "c-restart", "c-idle-race", "c-endpoint-lag", "a-slow-eviction", "c-ignores-sigterm-listener-close", "c-deploy-no-drain", "c-keepalive-max-requests", "c-max-age", "b-stateful-idle-rst",
				"g-crash-on-input", "g-oom-kill", "d-worker-timeout-kill", "d-inner-timeout",
			}, q.ofNames(), []string{"f-client-cert", "f-version", "e-tls-to-plain", "e-plain-to-tls", "e-header-too-big", "e-bad-header", "e-status-line"})...)
	}
}

// besideEcho are the causes of a status that the member may have given itself.
func besideEcho(events []*event) []string {
	if slices.ContainsFunc(events, func(e *event) bool { return e.unsaid }) {
		return []string{"k-backend-5xx", "k-chained-proxy"}
	}
	return nil
}
