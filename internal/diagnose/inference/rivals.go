package inference

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"causeway/internal/cause"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// Where the log has only that a connection ended, many causes may be behind it. Its other facts speak against some of them by
// their mechanism: those come last, with the reason. None is excluded: a document may be of another time, and a source
// port may have been used again.

// doubt is what speaks against a cause of closed connections, where it does.
type doubt struct {
	because string
	causes  []string
	holds   func(*ClosedGroup) bool
}

// ClosedGroup is a group of connections that ended, as far as the log describes them.
type ClosedGroup struct {
	Q      *Case
	Events []*traffic.Event
	used   int // connections that had carried a request before, by their source ports
	fresh  int // connections that were made for the request, by the time that it took
}

var (
	ofUsedConnections = []string{"c-idle-race", "c-keepalive-max-requests", "c-max-age", "b-stateful-idle-rst"}
	ofHandshakes      = []string{
		"f-client-cert", "f-version", "f-cipher", "f-sni-required", "f-handshake-timeout", "f-expired",
		"f-unknown-ca", "e-tls-to-plain",
	}
	ofEveryConnection = slices.Concat(ofHandshakes, []string{"e-plain-to-tls", "e-foreign-service", "b-ip-reused", "i-wrong-port"})
	ofNewConnections  = slices.Concat(ofEveryConnection, []string{
		"b-refused", "c-backend-conn-limit", "c-accept-queue", "b-drop",
		"b-reject", "b-route",
	})
)

// doubts are tried in this order; the first that holds is reported.
var doubts = []doubt{
	{"the backend settings speak plain HTTP", ofHandshakes, func(c *ClosedGroup) bool { return c.Speaks("Http") }},
	{"the backend settings speak HTTPS", []string{"e-plain-to-tls"}, func(c *ClosedGroup) bool { return c.Speaks("Https") }},
	{"the member answered others meanwhile, and this would fail every connection", ofEveryConnection, (*ClosedGroup).othersAnswered},
	{
		"most of these connections had carried requests before, by their source ports", ofNewConnections,
		func(c *ClosedGroup) bool { return 5*c.used >= 4*len(c.Events) },
	},
	{"most of these connections were new", ofUsedConnections, func(c *ClosedGroup) bool { return 5*c.fresh >= 4*len(c.Events) }},
	{"they did not end together", []string{"c-gateway-reload"}, func(c *ClosedGroup) bool {
		return len(c.Events) >= stats.MinEvents &&
			!clustered(c.Events)
	}},
}

// Against is what speaks against each cause that a group of events may have; empty for the others.
func (c *Case) Against(events []*traffic.Event) func(id string) string {
	ends := &ClosedGroup{Q: c, Events: events}
	for _, e := range events {
		if !traffic.ClosedSomehow(e) && (e.Own || e.Session || e.Fault.Phase != fault.Connect) {
			return func(string) string { return "" }
		}
		if e.Attempt.Reused {
			ends.used++
		} else if e.Attempt.Connect > 0 {
			ends.fresh++
		}
	}
	said := map[string]string{}
	for _, d := range doubts {
		if !d.holds(ends) {
			continue
		}
		for _, id := range d.causes {
			if said[id] == "" {
				said[id] = d.because
			}
		}
	}
	return func(id string) string { return said[id] }
}

// Speaks reports whether the document gives the settings of all events this protocol.
func (c *ClosedGroup) Speaks(protocol string) bool {
	if c.Q.Traffic.Config == nil {
		return false
	}
	for _, e := range c.Events {
		if s := c.Q.Traffic.Config.Setting(e.Settings); s == nil || !strings.EqualFold(s.Protocol, protocol) {
			return false
		}
	}
	return true
}

// othersAnswered reports whether the members of most events answered just before and just after each.
func (c *ClosedGroup) othersAnswered() bool {
	n := 0
	for _, e := range c.Events {
		m, around := c.Q.Traffic.Member(e.Key()), stats.BinWidth+e.Resolution()
		if m.Answers.Between(e.Start.Add(-around-time.Minute), e.Start.Add(-around)) > 0 &&
			m.Answers.Between(e.At.Add(around), e.At.Add(around+time.Minute)) > 0 {
			n++
		}
	}
	return 5*n >= 4*len(c.Events)
}

// clustered reports whether some of the events, in order of time, ended within a few seconds, as when something ends
// many connections at once.
func clustered(events []*traffic.Event) bool {
	run := 1
	for i := 1; i < len(events); i++ {
		if events[i].At.Sub(events[i-1].At) > traffic.Quiet {
			run = 0
		}
		if run++; run >= 3 {
			return true
		}
	}
	return false
}

// Group is a suspicion as the report has it. What the evidence speaks against comes last.
func (s *Suspicion) Group(against func(string) string) report.Open {
	visible := CountVisible(s.Events)
	g := report.Open{
		Failures:  visible,
		Recovered: len(s.Events) - visible,
		Scope:     ScopeOf(s.Events),
		Rivals:    []report.Rival{},
		Next:      s.Next,
		Rows:      rows(s.Events),
	}
	for _, id := range s.Rivals {
		if c := cause.Find(id); c != nil {
			g.Rivals = append(g.Rivals, report.Rival{Cause: id, Test: c.Separate, Against: against(id)})
		}
	}
	slices.SortStableFunc(g.Rivals, func(a, b report.Rival) int { return cmp.Compare(min(len(a.Against), 1), min(len(b.Against), 1)) })
	return g
}
