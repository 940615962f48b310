package traffic

import (
	"math"
	"slices"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
	"causeway/internal/stats"
)

// Azure's newer rows have serverConnectTime. nginx, which Azure's second generation is, writes it as it sends a request: 0.000 on a
// connection that was there already, else what it took to make one (with TLS: the handshake too). It is missing where no connection was
// made, and also where one that was kept idle turned out to be reset. So in a log that has it for every answer, an attempt without it sent
// nothing, and a run of them in which the member answers nobody met no listener: idle connections are soon used up.

// connectTimes counts the answered attempts of Azure's log, and those of them with a connect time.
type connectTimes struct{ answered, timed int }

func (c *connectTimes) see(a *accesslog.Attempt) {
	if a.Status == 0 {
		return
	}
	if c.answered++; a.Connect != accesslog.Unset {
		c.timed++
	}
}

// written reports whether the log has the connect time of every connection.
func (c *connectTimes) written() bool { return c.answered >= EnoughAnswers && c.timed == c.answered }

// HasConnectTimes reports whether Azure's log has the connect time of every connection.
func (s *Summary) HasConnectTimes() bool { return s.connects.written() }

// untimed reports whether a row of several attempts has no connect time of any: where the columns are numbers, as in the tables of Log
// Analytics, they are empty then.
func untimed(r *accesslog.Record) bool {
	return len(r.Attempts) > 1 && !slices.ContainsFunc(r.Attempts, func(a accesslog.Attempt) bool { return a.Connect != accesslog.Unset })
}

// rejectedWithin is the time within which a host that has no listener, or a firewall that says so, rejects a connection, repeats included.
// Where nothing answers, an attempt ends at a timer, which is longer.
const rejectedWithin = time.Second

// unconnected finds the failures for which no connection to a member was established, and how that ended, and those for which one was.
func (s *Summary) unconnected() {
	unsent, absent := map[MemberKey][]*Event{}, s.connects.written() // what is not there says something only where the log has it elsewhere
	for _, e := range s.Events {
		if e.Own || e.v1 || !e.Tried || e.Fault.Side != fault.Backend || e.Attempt.Status > 0 || e.Ambiguous {
			continue
		}
		timedOut := IsTimeout(e)
		if closed := e.Fault.Kind == fault.Closed && (e.Fault.Phase == "" || e.Fault.Phase == fault.Connect); !closed && !timedOut {
			continue
		}
		switch {
		case e.Attempt.Connect != accesslog.Unset || e.Attempt.LocalPort != 0:
			e.Established = true
		case e.untimed || !absent:
		case timedOut:
			e.unmade(s.plain(e))
		default:
			unsent[e.Key()] = append(unsent[e.Key()], e)
		}
	}
	for k, events := range unsent {
		for _, run := range s.silentRuns(k, events) {
			for _, e := range run {
				e.unmade(s.plain(e))
			}
		}
	}
}

// silentRuns are the runs of events in which their member answers nobody, as far as the log's times show: those that last long enough for
// that to show at all, or of a member that never answered. Stamps do not show whether what lies at the edge of a run came before an answer
// there or after it: it belongs to the run. Where such events come between answers too, accident may make a run of a few of them.
func (s *Summary) silentRuns(k MemberKey, events []*Event) (runs [][]*Event) {
	runs = s.withoutAnswers(k, events)
	outside := len(events)
	for _, run := range runs {
		outside -= len(run)
	}
	m := s.Member(k)
	if m.Answered == 0 {
		return runs
	}
	share := float64(outside+1) / float64(m.Answered+outside+1)
	return slices.DeleteFunc(runs, func(run []*Event) bool {
		seconds := map[int64]bool{}
		for _, e := range run {
			seconds[e.At.Unix()] = true
		}
		return float64(m.Answered+len(events))*math.Pow(share, float64(len(seconds))) >= stats.Significance
	})
}

// withoutAnswers are the runs that may be silent ones.
func (s *Summary) withoutAnswers(k MemberKey, events []*Event) (runs [][]*Event) {
	m, from, free := s.Member(k), 0, 0
	slack := stats.BinWidth + events[0].Resolution()
	for i := range events {
		if i+1 < len(events) && m.Answers.Between(events[i].At.Add(-slack), events[i+1].At.Add(slack)) == 0 {
			continue
		}
		first, end := from, i+1
		from = max(from, end)
		if first >= end || m.Answered > 0 && (end-first < 3 || events[i].At.Sub(events[first].At) <= 2*slack) {
			continue
		}
		begins, ends := events[first].At.Add(-2*slack), events[i].At.Add(2*slack)
		for first > free && !events[first-1].At.Before(begins) {
			first--
		}
		for end < len(events) && !events[end].At.After(ends) {
			end++
		}
		runs = append(runs, events[first:end])
		from, free = max(from, end), end
	}
	return runs
}

// unmade notes that no connection was made. Where that takes a handshake of TLS it is not known which of the two failed.
func (e *Event) unmade(plain bool) {
	e.Unconnected = true
	switch {
	case !plain:
	case e.Fault.Kind == fault.Timeout:
		e.Fault = fault.Fault{Side: fault.Network, Phase: fault.Connect, Kind: fault.Timeout}
	case Lasted(e) < rejectedWithin:
		e.Fault = fault.Fault{Side: fault.Backend, Phase: fault.Connect, Kind: fault.Refused}
	default:
		e.Fault.Phase = fault.Connect
	}
}

// plain reports whether the settings of an event speak plain HTTP: then a connection is established without a handshake of TLS.
func (s *Summary) plain(e *Event) bool {
	if s.Config == nil {
		return false
	}
	settings := s.Config.Setting(e.Settings)
	return settings != nil && strings.EqualFold(settings.Protocol, "Http")
}
