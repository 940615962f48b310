package timing

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/units"
)

// StreamIdle recognises d-ws-sse-idle: a WebSocket or event stream that says nothing is cut.
var StreamIdle = inference.Analyzer{
	Name: "d-ws-sse-idle", Requires: inference.Log,
	Doc: "answers of a type that streams (text/event-stream and the like) had begun, and were cut when nothing had come for the request timeout",
	Run: silentStream,
}

// silentStream: the request timeout runs between two reads of an answer, so a stream that has nothing to say for so long is cut. It is
// no body that stands still: nothing was due.
func silentStream(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return SilenceInBody(e) && e.Stream != "" }),
		(*traffic.Event).PoolKey)
	for _, k := range keys {
		var events []*traffic.Event
		for _, e := range besideFrozen(c, groups[k]) {
			// One that outlived the limit has a gap later on.
			if limit := c.Traffic.Timeouts[k.Settings]; limit == 0 || e.Attempt.Receive <= limit+limit/4 {
				events = append(events, e)
			}
		}
		if len(events) == 0 {
			continue
		}
		f := c.Claim("d-ws-sse-idle", events, inference.ScopeOf(events), inference.ConfidenceOf(events[0].Own))
		f.AddEvidence("access-log",
			fmt.Sprintf("%s of type %s began, and ended when nothing had come from the member for the request timeout%s",
				units.Count(len(events), "answer", "answers"), traffic.StreamTypes(events), TimeoutText(c, k.Settings)), events...)
		f.RuleOut("d-slow-body", "a stream is not late with anything: it has no length, and nothing was due")
		f.AddRivals("d-read-gap")
		f.SetExpected("backend", len(events), len(events), "bounded", "a comment line or an event sooner than that keeps a stream open")
		f.SetExpected("gateway", 0, len(events), "bounded",
			"with a request timeout above the longest silence; how long that is, is not in the evidence")
		c.Expand(map[string]string{"address": inference.Address(events)}, f)
	}
}

// SilenceInBody matches an answer that was cut because nothing came for the request timeout.
func SilenceInBody(e *traffic.Event) bool {
	return e.Fault.Side == fault.Backend && e.Fault.Phase == fault.Body && e.Fault.Kind == fault.Timeout
}

// TimeoutText is the request timeout of settings in brackets; empty where it is not known.
func TimeoutText(c *inference.Case, settings string) string {
	if limit := c.Traffic.Timeouts[settings]; limit > 0 {
		return " of " + units.Seconds(limit)
	}
	return ""
}

// SilentEnds is how many tunnels the gateway ended for their silence.
func SilentEnds(c *inference.Case) (n int) {
	for _, t := range c.Traffic.FalseFriends.Tunnels {
		n += t.Silent
	}
	return n
}
