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

// reason is what speaks for or against some causes, where it holds of what T describes.
type reason[T any] struct {
	because string
	causes  []string
	holds   func(T) bool
}

// doubt is what speaks against a cause of closed connections, or for it.
type doubt = reason[*ClosedGroup]

// given is the first reason of a list that holds, by cause; empty for the others.
func given[T any](list []reason[T], of T) func(id string) string {
	because := map[string]string{}
	for _, r := range list {
		if !r.holds(of) {
			continue
		}
		for _, id := range r.causes {
			if because[id] == "" {
				because[id] = r.because
			}
		}
	}
	return func(id string) string { return because[id] }
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

// ofRequests are the causes that lie in what is requested, or in how it is answered.
var ofRequests = []string{
	"g-crash-on-input", "e-bad-header", "e-status-line", "e-header-too-big", "e-cl-te", "e-uri-rejected", "e-bad-chunk", "e-short-body",
}

// supports is what speaks for a cause of failures that no cause explains, where it does.
var supports = []doubt{
	{
		"the member answered nobody in the whole window, so nothing listens there, or something ends every connection",
		[]string{"b-refused", "b-reject", "i-wrong-port"},
		(*ClosedGroup).neverAnswered,
	},
	{
		"they began right after a change of the gateway, and there were none before",
		[]string{"i-recent-change", "i-wrong-port"},
		(*ClosedGroup).afterChange,
	},
	{"every request to this path fails, and the members answer others meanwhile", ofRequests, (*ClosedGroup).onePath},
}

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
	{
		"the member answered nobody in the whole window, and this takes a member that works before or after it",
		[]string{
			"c-restart", "c-deploy-no-drain", "c-drain-too-short", "c-ignores-sigterm-listener-close", "c-idle-race",
			"c-keepalive-max-requests", "c-max-age", "b-stateful-idle-rst", "g-crash-on-input", "g-oom-kill", "d-worker-timeout-kill",
			"g-worker-recycle",
		},
		(*ClosedGroup).neverAnswered,
	},
	{
		"every request to this path fails, and the members answer others meanwhile, whatever connection they come on",
		slices.Concat(ofUsedConnections, []string{
			"c-restart", "c-deploy-no-drain", "c-drain-too-short", "c-ignores-sigterm-listener-close", "c-endpoint-lag", "c-gateway-reload",
			"b-refused", "c-backend-conn-limit", "b-ip-reused", "h-autoscale-lag",
		}),
		(*ClosedGroup).onePath,
	},
	{
		"they ended within a second, sooner than a connection that nothing answers",
		[]string{"b-drop", "b-transit-flap"},
		(*ClosedGroup).quick,
	},
	{"they did not end together", []string{"c-gateway-reload"}, func(c *ClosedGroup) bool {
		return len(c.Events) >= stats.MinEvents &&
			!clustered(c.Events)
	}},
}

// ofAnyFailure are doubts about causes of failures of every kind.
var ofAnyFailure = []doubt{
	{
		"connections to the member were established, and with this there would be none",
		[]string{"b-drop", "b-route", "b-refused", "b-reject"},
		(*ClosedGroup).established,
	},
	{
		"its probes found the member healthy before, during and after, and this is of a member that is down",
		[]string{"a-slow-eviction"},
		(*ClosedGroup).healthy,
	},
}

// Against is what speaks against each cause that a group of events may have; empty for the others.
func (c *Case) Against(events []*traffic.Event) func(id string) string {
	ends, list := &ClosedGroup{Q: c, Events: events}, ofAnyFailure
	if ends.closed() {
		list = slices.Concat(doubts, ofAnyFailure)
	}
	return given(list, ends)
}

// closed reports whether all events are of connections that ended, or of none that came about, and counts the used and the new ones.
func (c *ClosedGroup) closed() bool {
	for _, e := range c.Events {
		if !traffic.ClosedSomehow(e) && (e.Own || e.Session || e.Fault.Phase != fault.Connect) {
			return false
		}
		if e.UsedBefore() {
			c.used++
		} else if e.Attempt.Connect > 0 {
			c.fresh++
		}
	}
	return true
}

// established reports whether nearly all requests were sent over a connection.
func (c *ClosedGroup) established() bool {
	n := 0
	for _, e := range c.Events {
		if e.Established {
			n++
		}
	}
	return 10*n >= 9*len(c.Events)
}

// healthy reports whether the members of all events are healthy in the report, and were while the events lasted: by their histories, or
// because the metrics have no unhealthy member of their pools.
func (c *ClosedGroup) healthy() bool {
	first, last := c.Events[0].Start, c.Events[len(c.Events)-1].At
	if c.upByHistory(last) {
		return true
	}
	pools := map[traffic.PoolKey]bool{}
	for _, e := range c.Events {
		if t := c.Q.Traffic.HistoryOf(e); e.Own || t == nil || !t.IsUp() {
			return false
		}
		pools[e.PoolKey()] = true
	}
	for k := range pools {
		if healthy, known := c.Q.HealthyThroughout(k.Pool, k.Settings, first, last); !healthy || !known {
			return false
		}
	}
	return true
}

// upByHistory reports whether every member passed its probes all the time, and its last one after the events.
func (c *ClosedGroup) upByHistory(last time.Time) bool {
	for _, e := range c.Events {
		if _, up := c.Q.UpByProbe(e, last); !e.Tried || !up {
			return false
		}
	}
	return c.Q.StayedUp(c.Events)
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

// For is what speaks for each cause that a group of events may have; empty for the others.
func (c *Case) For(events []*traffic.Event) func(id string) string {
	return given(supports, &ClosedGroup{Q: c, Events: events})
}

// neverAnswered reports whether none of the members answered anybody in the whole window, over many requests.
func (c *ClosedGroup) neverAnswered() bool {
	tried := 0
	for _, e := range c.Events {
		m := c.Q.Traffic.Member(e.Key())
		if tried = max(tried, m.Attempts); m.Answered > 0 || !e.Tried {
			return false
		}
	}
	from, to := c.Events[0].At, c.Events[len(c.Events)-1].At
	return tried >= traffic.EnoughAnswers && 10*to.Sub(from) >= 9*c.Q.Traffic.To.Sub(c.Q.Traffic.From)
}

// onePath reports whether the events are of one path that is never answered, while their members answer as many others at the same time.
func (c *ClosedGroup) onePath() bool {
	if len(c.Events) < stats.MinEvents {
		return false
	}
	for _, e := range c.Events {
		if e.Path != c.Events[0].Path || !e.Tried || c.Q.Traffic.Route(e.Route()).Answered > 0 {
			return false
		}
	}
	members, failed := traffic.GroupBy(c.Events, (*traffic.Event).Key)
	for _, k := range members {
		first, last := failed[k][0].Start, failed[k][len(failed[k])-1].At
		if c.Q.Traffic.Member(k).Answers.Between(first, last) < c.Q.Extrapolate(len(failed[k])) {
			return false
		}
	}
	return true
}

// quick reports whether nearly all ended within a second.
func (c *ClosedGroup) quick() bool {
	n := 0
	for _, e := range c.Events {
		if traffic.Lasted(e) < time.Second {
			n++
		}
	}
	return 10*n >= 9*len(c.Events)
}

// afterChange reports whether the first of the events came within the time that a change takes after one, and many requests before it.
func (c *ClosedGroup) afterChange() bool {
	at, found := c.Q.WriteBefore(c.Events[0].Start)
	return found && len(c.Events) >= stats.MinEvents && at.At.Sub(c.Q.Traffic.From) >= c.Q.Traffic.To.Sub(c.Q.Traffic.From)/10
}

// Group is a suspicion as the report has it, with the place of its failures, if they have one.
func (c *Case) Group(s *Suspicion, where *report.Where) report.Open {
	visible := CountVisible(s.Events)
	g := report.Open{
		Failures:  visible,
		Recovered: len(s.Events) - visible,
		Scope:     ScopeOf(s.Events),
		Rivals:    []report.Rival{},
		Where:     where,
		Next:      s.Next,
		Rows:      rows(s.Events),
	}
	for _, id := range s.Rivals {
		if found := cause.Find(id); found != nil {
			g.Rivals = append(g.Rivals, report.Rival{Cause: id, Test: found.Separate})
		}
	}
	g.Rivals, g.AlsoPossible = c.Rank(g.Rivals, s.Events, where)
	if len(g.Rivals) > 1 {
		g.Separate = cause.ToSeparate(g.Rivals[0].Cause, g.Rivals[1].Cause)
	}
	return g
}

// Rank gives rivals, in the order of the analyzer that named them, their reasons, and orders them by those. The likeliest are few, and what
// the evidence speaks against is not among them while others are left.
func (c *Case) Rank(list []report.Rival, events []*traffic.Event, where *report.Where) (likeliest, others []report.Rival) {
	if len(list) == 0 {
		return list, nil
	}
	ranks := map[string]int{}
	if len(events) > 0 {
		supported, against, shaped := c.For(events), c.Against(events), c.Shaped(events, where)
		for i := range list {
			r := &list[i]
			r.Because, r.Against = supported(r.Cause), cmp.Or(r.Against, against(r.Cause))
			switch {
			case r.Against != "":
				r.Because, ranks[r.Cause] = "", 3
			case r.Because != "":
				ranks[r.Cause] = 0
			case i == 0: // the analyzer knows more of these failures than their shape
				ranks[r.Cause] = 1
			default:
				ranks[r.Cause] = 2
			}
			if reason := shaped(r.Cause); r.Against == "" && r.Because == "" && reason != "" {
				r.Because, ranks[r.Cause] = reason, 1
			}
		}
	}
	slices.SortStableFunc(list, func(a, b report.Rival) int { return cmp.Compare(ranks[a.Cause], ranks[b.Cause]) })
	return shortlist(list)
}

// shortlist cuts a list of rivals, in order of likelihood, after the likeliest.
func shortlist(list []report.Rival) (likeliest, others []report.Rival) {
	n := 0
	for n < min(len(list), report.MaxRivals) && list[n].Against == "" {
		n++
	}
	if n == 0 {
		n = min(len(list), report.MaxRivals)
	}
	return list[:n:n], list[n:]
}
