package diagnose

import (
	"fmt"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/units"
)

// noted are the facts about a request that Causeway's own record has beside those of its attempts.
func noted(r *accesslog.Record) []string {
	facts := []string{}
	add := func(format string, args ...any) { facts = append(facts, fmt.Sprintf(format, args...)) }
	if r.Queued > 0 {
		add("its connection may have waited for %s before the gateway had room for it", units.Seconds(r.Queued))
	}
	if r.HeldBack != "" {
		add("%s was next in turn, and was held back since requests in a row had failed there", r.HeldBack)
	}
	for i := range r.Attempts {
		a := &r.Attempts[i]
		if a.Interim > 0 {
			add("%s sent %s before its answer", traffic.MemberOf(a), units.Count(a.Interim, "interim response", "interim responses"))
		}
		if a.Ejected {
			add("with this failure %s was held back", traffic.MemberOf(a))
		}
	}
	if text, ok := uploadEnds[r.Cut]; ok {
		add("the member did not take the whole request body: "+text, r.BodyRead, r.Dropped)
	}
	if r.EndedBy != "" {
		add("the session was ended by the %s: %s", r.EndedBy, sessionEnds[r.End])
	}
	return facts
}

// uploadEnds say what became of a body that the member did not take: of so many bytes that were read, so many were dropped.
var uploadEnds = map[string]string{
	accesslog.CutDropped: "of %d bytes the gateway read the last %d and dropped them",
	accesslog.CutPaused:  "the client paused for longer than the gateway waits, after %d bytes (%d of them dropped); it may have seen its connection break",
	accesslog.CutLeft:    "the client left after %d bytes (%d of them dropped)",
	accesslog.CutEnded:   "the gateway read no more after %d bytes (%d of them dropped)",
}

var sessionEnds = map[string]string{
	accesslog.EndClean: "a clean end", accesslog.EndReset: "a reset",
	accesslog.EndIdle: "neither side had sent anything for the request timeout",
}
