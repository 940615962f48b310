package protocol

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// RequestHeaderTooBig recognises e-request-header-too-big: the backend refuses a request header that the gateway takes.
var RequestHeaderTooBig = inference.Analyzer{
	Name: "e-request-header-too-big", Requires: inference.Log,
	Doc: "the lost requests had longer heads than any that the member answered, and it answers the same routes with shorter ones",
	Run: muteHead,
}

// alwaysTaken is a length of request head, in bytes, that every server takes: RFC 9112 section 3 asks for request lines of 8,000.
const alwaysTaken = 2 << 10

// muteHead: some servers close on a head beyond their limit without a status. That looks like a crash; only the length separates the two.
func muteHead(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return (e.ClosedUnanswered() || traffic.ClosedSomehow(e) && e.Attempt.Status == 0 && !e.Ambiguous) && traffic.HeadOnly(e.Method) &&
			head(e) >= alwaysTaken
	}), (*traffic.Event).Key)
	for _, k := range keys {
		m := c.Traffic.Member(k)
		long := traffic.Filter(groups[k], func(e *traffic.Event) bool { return head(e) > m.LongestHead })
		if len(long) < stats.MinEvents || m.HeadsAnswered < traffic.EnoughAnswers || 10*len(long) < 9*len(groups[k]) {
			continue
		}
		if !c.AnswersRoutesOf(long) {
			c.Suspect(long,
				fmt.Sprintf("their heads (%s and more) are longer than any that %s answered: send one of them to it with short headers, and read its own log", units.Bytes(leastHead(long)), k.Member),
				"e-request-header-too-big", "g-crash-on-input", "e-uri-rejected")
			continue
		}
		reportMuteHead(c, k, m, long)
	}
}

func reportMuteHead(c *inference.Case, k traffic.MemberKey, m *traffic.MemberStats, long []*traffic.Event) {
	fresh := len(traffic.Filter(long, func(e *traffic.Event) bool { return !e.Attempt.Reused }))
	f := c.Claim("e-request-header-too-big", long, report.Scope{
		Pool:     long[0].Pool,
		Settings: k.Settings,
		Member:   k.Member,
	}, inference.ConfidenceOf(long[0].Own && fresh > 0))
	f.AddEvidence("access-log",
		fmt.Sprintf("%d requests with a head of %d bytes or more ended without a status, %d of them on fresh connections; the longest head that %s answered, of %d without a body, has %d",
			len(long), leastHead(long), fresh, k.Member, m.HeadsAnswered, m.LongestHead), long...)
	f.RuleOut("g-crash-on-input", "the member answers the same routes when the heads are shorter")
	if fresh > 0 {
		f.RuleOut("c-idle-race", fmt.Sprintf("%d of them were on connections that had never been idle", fresh))
	} else {
		f.AddRivals("c-idle-race")
	}
	f.AddRivals("e-uri-rejected")
	f.SetExpected("backend", len(long), len(long), "bounded",
		"with a limit above their heads the member answers them; with what status is another question")
	c.Expand(map[string]string{"address": k.Server.String()}, f)
}

// head is the length of the request's head in bytes, for a method that has no body.
func head(e *traffic.Event) int64 { return e.Received - e.BodyRead }

func leastHead(events []*traffic.Event) int64 {
	least := head(events[0])
	for _, e := range events {
		least = min(least, head(e))
	}
	return least
}
