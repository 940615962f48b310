package traffic

import (
	"slices"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
	"causeway/internal/stats"
)

// Azure's second generation is nginx, whose $upstream_status holds the gateway's own 502 after a refused or closed
// connection, its own 504 after a timeout, and 499 after a client that left. Whether Azure blanks it is not documented.
// So in serverStatus these three prove no answer: a member that the gateway never reached may seem to have given one.

// disown takes the statuses of a record of Azure's that prove no answer away from its attempts. It is the one place that
// decides what counts as an answer; all code that reads Attempt.Status after it may trust it.
func disown(r *accesslog.Record) {
	if n := len(r.Attempts) - 1; n >= 0 && r.Attempts[n].Status == 0 && answeredUnsaid(r, &r.Attempts[n]) {
		r.Attempts[n].Status = r.Status
	}
	for i := range r.Attempts {
		if a := &r.Attempts[i]; !provesAnswer(r, a) {
			a.Echo, a.Status = a.Status, 0
		}
	}
}

// answeredUnsaid reports whether a record shows without serverStatus, which an export may lack, that the last member answered: a head came,
// or the client got what the gateway does not answer for itself once it has asked a member.
func answeredUnsaid(r *accesslog.Record, a *accesslog.Attempt) bool {
	switch {
	case r.Status < 100 || r.Status == fault.ClientGone:
		return false
	case a.HeaderTime > 0:
		return true
	}
	return r.Status < 400 || r.Status < 500 && quietInfo(r.ErrorInfo)
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

// QuietInfo reports whether error_info names nothing that the gateway met: it is absent, says so, or is a word that nobody
// has documented.
func quietInfo(info string) bool {
	switch info {
	case fault.UpstreamNoLive, fault.UpstreamTimedOut, fault.UpstreamClosed:
		return false
	}
	_, client := clientInfo[info]
	return !client
}

// echoes is what a log as a whole shows about who wrote the statuses that prove no answer on their own.
type echoes struct {
	t *Summary
	// by status: failures that the gateway makes it of have none in this log, so one that stands there is an answer
	blank  map[int]bool
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

func (e *Event) errorPage() errorPage { return errorPage{e.Listener, e.Method, e.Status} }

// judgeEchoes decides, where the log as a whole can, who wrote the statuses that prove no answer on their own: the gateway's
// timer did if they lie at it; the member did if this log leaves serverStatus empty where no answer came, or if no
// mechanism of the gateway fits. What nothing decides stays unsaid.
func (s *Summary) judgeEchoes() {
	all := Filter(s.Events, func(e *Event) bool {
		return !e.Own && e.Visible && e.Tried && e.QuietInfo() && e.Attempt.Status == 0 && e.Fault.Side == fault.Backend &&
			e.Fault.Phase != fault.Body
	})
	if len(all) == 0 {
		return
	}
	x := s.echoesOf(all)
	for _, e := range all {
		switch {
		case x.atTimer(e):
			e.Fault = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout}
		case e.Attempt.Echo == 0:
		case x.blank[e.Attempt.Echo]:
			e.answeredItself()
		default:
			if e.Ambiguous = true; x.fitsNothing(e) {
				e.answeredItself()
			}
		}
	}
}

// answeredItself accepts an echo as the member's answer. The counts of answers, made before, stay without it.
func (e *Event) answeredItself() {
	e.Attempt.Status = e.Attempt.Echo
	e.Fault = fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Status}
}

// Counted reports whether an event's answer is among those counted.
func (e *Event) Counted() bool { return e.Attempt.Status > 0 && e.Attempt.Echo == 0 }

func (t *Summary) echoesOf(all []*Event) *echoes {
	x := &echoes{t: t, timers: t.timersSeen(), own504: map[string]bool{}, pages: map[errorPage][2]int64{}}
	x.blank = map[int]bool{502: t.leavesBlank(fault.UpstreamClosed), 504: t.leavesBlank(fault.UpstreamTimedOut)}
	x.closes = slices.ContainsFunc(t.Events, func(e *Event) bool { return !e.Own && e.Info == fault.UpstreamClosed })
	settings, groups := GroupBy(Filter(all, func(e *Event) bool { return e.Attempt.Echo == 504 }),
		func(e *Event) string { return e.Settings })
	for _, s := range settings {
		timer := CommonTimer(SortedDurations(groups[s], Lasted))
		x.own504[s] = timer == 0 || t.RoutesOf(s).Waits.Max > timer+TimerBand(timer)
	}
	pages, same := GroupBy(all, (*Event).errorPage)
	for _, p := range pages {
		if sizes := sortedSizes(same[p]); len(sizes) >= stats.MinEvents {
			x.pages[p] = [2]int64{sizes[0], sizes[len(sizes)-1]}
		}
	}
	return x
}

// leavesBlank reports whether the failures that error_info gives this name, three at least, all have an empty serverStatus.
func (s *Summary) leavesBlank(info string) bool {
	blank := 0
	for _, e := range s.Events {
		if e.Own || !e.Tried || !e.Visible || e.Fault.Phase == fault.Body || e.Info != info {
			continue
		}
		if e.Attempt.Echo > 0 {
			return false
		}
		blank++
	}
	return blank >= 3
}

// timersSeen are the timers of settings at which those requests end that certainly ran into the request timeout: error_info, or
// a 504 without the status of a member, says so.
func (t *Summary) timersSeen() map[string]time.Duration {
	out := map[string]time.Duration{}
	settings, groups := GroupBy(Filter(t.Events, func(e *Event) bool {
		return !e.Own && e.Tries == 1 && IsTimeout(e) && (e.Attempt.Echo == 0 || !e.QuietInfo())
	}), func(e *Event) string { return e.Settings })
	for _, s := range settings {
		if len(groups[s]) >= 3 {
			out[s] = CommonTimer(SortedDurations(groups[s], Lasted))
		}
	}
	return out
}

// atTimer reports whether a request ended at the gateway's own timer: the request timeout of the document or, where there is
// none, the timer at which others certainly ended.
func (x *echoes) atTimer(e *Event) bool {
	if limit := x.t.Timeouts[e.Settings]; limit > 0 {
		return Lasted(e) >= limit-TimerBand(limit)
	}
	timer := x.timers[e.Settings]
	return timer > 0 && (Lasted(e)-timer).Abs() <= TimerBand(timer)
}

// fitsNothing reports whether a status comes as no gateway makes it, from a member that lives. A 504: well before the request timeout, or
// at no timer at all, while the member answers others. A 502 of one that answers others afterwards: from a platform that always has
// somebody to answer, late in a log that names closed connections as such elsewhere, or with pages of several sizes, where the gateway has
// one.
func (x *echoes) fitsNothing(e *Event) bool {
	if e.Attempt.Echo == 504 {
		return (x.t.Timeouts[e.Settings] > 0 || x.own504[e.Settings]) && x.t.answersAround(e)
	}
	m := x.t.Member(e.Key())
	if _, lives := m.Answers.After(e.At.Add(stats.BinWidth + e.Resolution())); !lives {
		return false
	}
	sizes := x.pages[e.errorPage()]
	late := Lasted(e) > max(m.FastFor(), time.Second/4)
	return x.t.PlatformOf(e) != "" || late && x.closes || sizes[1]-sizes[0] > pageSpread
}

// answersAround reports whether the member of an event answered others while it waited, or within a minute before and after.
func (s *Summary) answersAround(e *Event) bool {
	m, slack := s.Member(e.Key()), stats.BinWidth+e.Resolution()
	return m.Answers.Between(e.Start.Add(slack), e.At.Add(-slack)) > 0 ||
		m.Answers.Between(e.Start.Add(-time.Minute), e.Start) > 0 && m.Answers.Between(e.At.Add(slack), e.At.Add(time.Minute)) > 0
}

// pageSpread is by how many bytes answers with the gateway's one page may differ, for the fields of the connection.
const pageSpread = 64

func sortedSizes(events []*Event) (out []int64) {
	for _, e := range events {
		if e.sent > 0 {
			out = append(out, e.sent)
		}
	}
	slices.Sort(out)
	return out
}
