package connections

import (
	"fmt"
	"slices"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// CloseAtOnce recognises c-close-at-once: the backend closes right after an answer, and does not say so.
var CloseAtOnce = inference.Analyzer{
	Name: "c-close-at-once", Requires: inference.Trace,
	Doc: "the lost requests were sent on connections within a round trip or so of an answer of one sort, and no connection carried another request after such an answer",
	Run: closeAtOnce,
}

// closeAtOnce: a server that closes right after an answer without saying so loses what is sent on the connection until the gateway
// has learned of it, which takes a round trip. It is no idle limit: after such an answer no connection is ever used again, and after
// others they are.
func closeAtOnce(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return e.Own && e.ClosedUnanswered() && e.Attempt.Reused && e.Before != nil && ClosedAt(e) <= c.Traffic.Member(e.Key()).RoundTrips()
	}), (*traffic.Event).Key)
	for _, k := range keys {
		var in []*traffic.Event
		kinds, byKind := traffic.GroupBy(groups[k], func(e *traffic.Event) *traffic.RouteStats { return e.Before })
		for _, r := range kinds {
			if 10*r.After.Used <= r.After.Lost {
				in = append(in, byKind[r]...)
			}
		}
		if len(in) >= stats.MinEvents && inference.DistinctSeconds(in) >= stats.MinEvents {
			reportCloseAtOnce(c, k, in)
		}
	}
}

func reportCloseAtOnce(c *inference.Case, k traffic.MemberKey, events []*traffic.Event) {
	answers, others := answersBefore(c, k, events)
	confidence := report.Medium
	alone := !c.AnswersRoutesOf(events) // what is never answered may be the request's own doing
	if others >= traffic.EnoughAnswers && !alone {
		confidence = report.High
	}
	closed := traffic.SortedDurations(events, ClosedAt)
	f := c.Claim("c-close-at-once", events, report.Scope{Pool: events[0].Pool, Settings: k.Settings, Member: k.Member}, confidence)
	f.AddEvidence("access-log",
		fmt.Sprintf("%d requests were lost on connections of %s that ended %s after they had answered %s, without announcing it; no connection carried another request after that",
			len(events), k.Member, units.Span(closed), units.Some(answers)), events...)
	if others > 0 {
		f.AddEvidence("access-log", fmt.Sprintf("after other answers %d connections were used again", others))
	}
	if slices.ContainsFunc(events, func(e *traffic.Event) bool { return carriesBody(e.Before.Method) }) {
		f.AddEvidence("access-log", "such requests carry a body: some servers close at once where a handler left that unread")
	}
	f.RuleOut("c-idle-race", "the connections were not idle: they ended within a few round trips of an answer")
	f.RuleOut("c-restart", fmt.Sprintf("they ended at %d different moments", inference.DistinctSeconds(events)))
	f.AddRivals("c-keepalive-max-requests")
	if alone {
		f.AddRivals("g-crash-on-input")
	}
	f.SetExpected("backend", len(events), len(events), "exact",
		"the gateway does not reuse a connection whose answer carries Connection: close, and one that stays open loses nothing")
	c.Expand(map[string]string{"address": k.Server.String()}, f)
}

// answersBefore are the routes after which connections of a member ended, and how many connections were used again after
// others.
func answersBefore(c *inference.Case, k traffic.MemberKey, events []*traffic.Event) (kinds []string, others int) {
	mine := map[*traffic.RouteStats]bool{}
	for _, e := range events {
		if r := e.Before; !mine[r] {
			mine[r] = true
			kinds = append(kinds, r.Method+" "+r.Path)
		}
	}
	for key, r := range c.Traffic.Routes {
		if key.Settings == k.Settings && !mine[r] {
			others += r.After.Used
		}
	}
	return kinds, others
}

// carriesBody reports whether requests of a method usually have one (RFC 9110 section 9.3).
func carriesBody(method string) bool {
	switch method {
	case "POST", "PUT", "PATCH":
		return true
	}
	return false
}
