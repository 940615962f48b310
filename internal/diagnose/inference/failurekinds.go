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

// What kind of failure a request met is often known where its cause is not. Causeway's trace has it; of Azure's log the error_info, the
// statuses and the times leave one kind or a few, and the group that a failure belongs to rules out more.

// KindCount is how many failures have a set of possible kinds.
type KindCount struct {
	Kinds  []cause.FailureKind
	N      int
	Unsure int // of them: the log leaves open who wrote their status
}

// FailureKinds counts the sets of kinds that events may be of, the most frequent first. Id is the cause that claimed them; empty: none.
func (c *Case) FailureKinds(id string, events []*traffic.Event) []KindCount {
	g := c.kindGroup(events)
	var out []KindCount
	for _, e := range events {
		kinds := cause.KindsUnder(id, g.kindsOf(e))
		slices.SortFunc(kinds, byKindOrder)
		i := slices.IndexFunc(out, func(k KindCount) bool { return slices.Equal(k.Kinds, kinds) })
		if i < 0 {
			i, out = len(out), append(out, KindCount{Kinds: kinds})
		}
		out[i].N++
		if e.Ambiguous || e.Unnamed {
			out[i].Unsure++
		}
	}
	sortKinds(out)
	return out
}

func byKindOrder(a, b cause.FailureKind) int {
	all := cause.FailureKinds()
	return cmp.Compare(slices.Index(all, a), slices.Index(all, b))
}

func sortKinds(list []KindCount) {
	slices.SortStableFunc(list, func(a, b KindCount) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(len(a.Kinds), len(b.Kinds)), slices.Compare(a.Kinds, b.Kinds))
	})
}

// mostKinds is the share of failures, in tenths, that the kinds of a group must cover.
const mostKinds = 9

// KindLevel names as few kinds as cover nine tenths of the failures counted. Confidence is high unless the log leaves open who wrote the
// status of many, or the cause that narrowed the kinds is less sure.
func KindLevel(counts []KindCount, confidence string) *report.FailureKind {
	out := &report.FailureKind{Kinds: []string{}, Confidence: confidence}
	unsure := 0
	for _, k := range counts {
		out.Of, unsure = out.Of+k.N, unsure+k.Unsure
	}
	if out.Of == 0 {
		return nil
	}
	for _, k := range counts {
		if 10*out.Failures >= mostKinds*out.Of {
			break
		}
		out.Failures += k.N
		for _, kind := range k.Kinds {
			if !slices.Contains(out.Kinds, kind) {
				out.Kinds = append(out.Kinds, kind)
			}
		}
	}
	out.Failures = CoveredBy(out.Kinds, counts)
	slices.SortFunc(out.Kinds, byKindOrder)
	if 2*unsure > out.Of && out.Confidence == report.High {
		out.Confidence = report.Medium
	}
	return out
}

// AddKinds adds counts to others, those of the same kinds together.
func AddKinds(sum, more []KindCount) []KindCount {
	for _, k := range more {
		if i := slices.IndexFunc(sum, func(o KindCount) bool { return slices.Equal(o.Kinds, k.Kinds) }); i >= 0 {
			sum[i].N, sum[i].Unsure = sum[i].N+k.N, sum[i].Unsure+k.Unsure
		} else {
			sum = append(sum, k)
		}
	}
	sortKinds(sum)
	return sum
}

// CoveredBy is how many failures are of some kinds for certain.
func CoveredBy(kinds []string, counts []KindCount) int {
	n := 0
	for _, k := range counts {
		if !slices.ContainsFunc(k.Kinds, func(kind string) bool { return !slices.Contains(kinds, kind) }) {
			n += k.N
		}
	}
	return n
}

// kindGroup is what a group of events shows together.
type kindGroup struct {
	c          *Case
	ends       *ClosedGroup
	everUsed   bool // a connection to their members had carried an answer before
	used       bool // most connections had carried a request before, by their source ports
	fresh      bool // most connections were made for the request
	fixed      bool // most ended at one time, which is not the gateway's timer
	leftAt     bool // most clients left after one time
	neverRoute bool // their routes were never answered, though others were
}

func (c *Case) kindGroup(events []*traffic.Event) *kindGroup {
	g := &kindGroup{c: c, ends: &ClosedGroup{Q: c, Events: events}, neverRoute: true}
	used, fresh := 0, 0
	for _, e := range events {
		if e.UsedBefore() {
			used++
		} else if e.Attempt.Connect > 0 {
			fresh++
		}
		g.everUsed = g.everUsed || c.Traffic.Member(e.Key()).Answered > 0
		g.neverRoute = g.neverRoute && c.Traffic.Route(e.Route()).Answered == 0
	}
	g.used, g.fresh = 5*used >= 4*len(events), 5*fresh >= 4*len(events)
	g.fixed = c.atFixedTime(traffic.Filter(events, func(e *traffic.Event) bool {
		return e.Fault.Kind == fault.Status || e.Fault.Kind == fault.Closed && e.Fault.Side == fault.Backend
	}), len(events))
	g.leftAt = c.atFixedTime(traffic.Filter(events, func(e *traffic.Event) bool { return e.Fault.Side == fault.Client }), len(events))
	return g
}

// atFixedTime reports whether events, most of some number, lasted for one time of a second or more that is not the gateway's timer.
func (c *Case) atFixedTime(events []*traffic.Event, of int) bool {
	if len(events) < stats.MinEvents || 5*len(events) < 4*of {
		return false
	}
	took := traffic.SortedDurations(events, traffic.Lasted)
	middle := stats.Quantile(took, 0.5)
	if middle < time.Second {
		return false
	}
	for s, limit := range c.Traffic.Timeouts {
		if s == events[0].Settings && (limit-middle).Abs() <= traffic.TimerBand(limit) {
			return false
		}
	}
	n := 0
	for _, d := range took {
		if (d - middle).Abs() <= max(middle/50, 60*time.Millisecond) {
			n++
		}
	}
	return 5*n >= 4*len(events)
}

// kindsOf are the kinds that an event may be of, by its fault and by what its group shows.
func (g *kindGroup) kindsOf(e *traffic.Event) []cause.FailureKind {
	switch e.Fault.Side {
	case fault.Client:
		return g.ofClient(e)
	case fault.Gateway:
		return g.ofGateway(e)
	}
	switch e.Fault.Phase {
	case fault.Resolve:
		return []string{cause.Name}
	case fault.Connect:
		return g.ofConnect(e)
	case fault.TLS:
		return []string{cause.TLS}
	case "":
		return g.ofClose(e)
	}
	return g.ofExchange(e)
}

func (g *kindGroup) ofClient(e *traffic.Event) []cause.FailureKind {
	switch {
	case e.Fault.Kind == fault.Closed, e.Fault.Kind == fault.Reset, e.Fault.Kind == fault.Truncated, e.Fault.Phase == fault.Deliver:
		if g.leftAt && e.Fault.Phase == fault.Wait {
			return []string{cause.ClientLeft, cause.ClientTimer}
		}
		return []string{cause.ClientLeft}
	}
	return []string{cause.Rejected}
}

func (g *kindGroup) ofGateway(e *traffic.Event) []cause.FailureKind {
	switch e.Fault.Kind {
	case fault.NoMember, fault.NoHealthy, fault.NoTarget:
		return []string{cause.NoMember}
	case fault.Unresolved:
		return []string{cause.Name}
	case fault.Exhausted:
		return []string{cause.GatewayLimit}
	case fault.Panicked:
		if e.Unnamed {
			return []string{cause.NoMember, cause.Refused, cause.LostIdle, cause.LostAtOnce, cause.Status}
		}
		return []string{cause.Rejected, cause.GatewayLimit}
	}
	if e.Fault.Phase == fault.Resolve {
		return []string{cause.Name}
	}
	return []string{cause.Rejected}
}

// ofConnect: no connection was established.
func (g *kindGroup) ofConnect(e *traffic.Event) []cause.FailureKind {
	switch e.Fault.Kind {
	case fault.Exhausted:
		return []string{cause.GatewayLimit}
	case fault.Unreachable, fault.Timeout:
		return []string{cause.Unreachable}
	case fault.Unresolved:
		return []string{cause.Name}
	}
	if e.Own {
		return []string{cause.Refused}
	}
	if traffic.Lasted(e) >= time.Second {
		return []string{cause.Unreachable}
	}
	return g.withTLS(e, cause.Refused, cause.LostAtOnce) // Azure's log has only that it failed
}

// withTLS adds the handshake where the members may speak TLS.
func (g *kindGroup) withTLS(e *traffic.Event, kinds ...cause.FailureKind) []cause.FailureKind {
	if g.speaksTLS(e) {
		kinds = append(kinds, cause.TLS)
	}
	return kinds
}

// speaksTLS goes by the document, without one by the port.
func (g *kindGroup) speaksTLS(e *traffic.Event) bool {
	if doc := g.c.Traffic.Config; doc != nil {
		if s := doc.Setting(e.Settings); s != nil {
			return strings.EqualFold(s.Protocol, "Https")
		}
	}
	return e.Server.Port()%1000 == 443
}

// ofClose: Azure's log has only that the connection to the member ended, and after how long.
func (g *kindGroup) ofClose(e *traffic.Event) []cause.FailureKind {
	if e.Attempt.Status > 0 {
		return []string{cause.Malformed, cause.CutShort}
	}
	if e.Fault.Kind == fault.Timeout {
		return []string{cause.GatewayTimer}
	}
	var kinds []string
	late := traffic.Lasted(e) > max(g.c.Traffic.Member(e.Key()).FastFor(), time.Second/4)+e.Resolution()
	if e.Attempt.Connect < 0 && !e.UsedBefore() && !g.used && !late {
		kinds = g.withTLS(e, cause.Refused)
	}
	if g.everUsed && !g.neverRoute && !late && !g.fresh && e.Attempt.Connect <= 0 {
		kinds = append(kinds, cause.LostIdle)
	}
	if late && g.fixed {
		if kinds = append(kinds, cause.OtherTimer); g.c.Traffic.Timeouts[e.Settings] == 0 { // whose it is, is not known
			kinds = append(kinds, cause.GatewayTimer)
		}
	}
	kinds = append(kinds, cause.LostAtOnce)
	if g.neverRoute && g.everUsed {
		kinds = append(kinds, cause.Malformed)
	}
	if e.Ambiguous {
		kinds = append(kinds, cause.Status)
	}
	return kinds
}

// ofExchange: a connection was there, and the request or the response did not get through.
func (g *kindGroup) ofExchange(e *traffic.Event) []cause.FailureKind {
	body := e.Fault.Phase == fault.Body
	switch e.Fault.Kind {
	case fault.Status:
		if g.fixed {
			return []string{cause.OtherTimer, cause.Status}
		}
		if e.Ambiguous {
			return []string{cause.Status, cause.LostAtOnce}
		}
		return []string{cause.Status}
	case fault.Timeout:
		return g.ofTimeout(e, body)
	case fault.Malformed, fault.Ambiguous, fault.NotHTTP, fault.BadStatus, fault.BadInterim, fault.TooLarge:
		return []string{cause.Malformed}
	case fault.Exhausted:
		return []string{cause.GatewayLimit}
	case fault.Truncated:
		return []string{cause.CutShort}
	}
	switch {
	case body:
		return []string{cause.CutShort}
	case !e.Own:
		return g.ofClose(e)
	case e.Attempt.Reused && traffic.Lasted(e) <= max(g.c.Traffic.Member(e.Key()).RoundTrips(), g.c.Traffic.Member(e.Key()).FastFor()):
		return []string{cause.LostIdle, cause.LostAtOnce}
	}
	return []string{cause.LostAtOnce}
}

// ofTimeout: the gateway gave up. In Azure's log a timer that passed while it connected looks the same where the member answered nobody.
func (g *kindGroup) ofTimeout(e *traffic.Event, body bool) []cause.FailureKind {
	limit := g.c.Traffic.Timeouts[e.Settings]
	switch {
	case body:
		return []string{cause.GatewayTimer, cause.CutShort}
	case !e.Own && e.Unconnected:
		return []string{cause.Unreachable}
	case !e.Own && limit > 0 && traffic.Lasted(e) < limit-traffic.TimerBand(limit)-e.Resolution():
		return []string{cause.Unreachable, cause.OtherTimer}
	case !e.Own && e.Tried && e.Attempt.Connect < 0 && !g.everUsed && g.c.Traffic.Member(e.Key()).Attempts > 0:
		return []string{cause.Unreachable, cause.GatewayTimer}
	}
	return []string{cause.GatewayTimer}
}
