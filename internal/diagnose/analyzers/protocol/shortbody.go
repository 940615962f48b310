package protocol

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// ShortBody recognises e-short-body: the response body is cut short.
var ShortBody = inference.Analyzer{
	Name: "e-short-body", Requires: inference.Trace,
	Doc: "the answer ended before its declared length; a constant deficit is a wrong length",
	Run: shortBody,
}

// shortBody: the member ended its answer before the length that it had declared.
func shortBody(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return e.Fault.Side == fault.Backend && e.Fault.Phase == fault.Body &&
			(e.Fault.Kind == fault.Truncated || e.Fault.Kind == fault.Reset || e.Fault.Kind == fault.Closed)
	}), (*traffic.Event).Key)
	for _, k := range keys {
		events := groups[k]
		_, same := sameDeficit(events)
		if !same && len(events) > 1 && inference.InOneMoment(events) {
			c.Suspect(events, "they were all cut at one moment: look whether the member's process ended then", "c-restart", "g-oom-kill",
				"e-short-body")
			continue
		}
		confidence := report.Medium
		if same && len(events) >= stats.MinEvents {
			confidence = report.High
		}
		f := c.Claim("e-short-body", events, inference.ScopeOf(events), confidence)
		f.AddEvidence("access-log", fmt.Sprintf("%d answers of %s ended early, after a good status: %s", len(events), k.Member,
			deficits(events)),
			events...)
		f.RuleOut("j-client-abort", "it was the member's side of the connection that ended")
		if deficit, same := sameDeficit(events); !same {
			f.AddRivals("g-oom-kill", "c-restart", "b-loss")
		} else if len(events) >= stats.MinEvents {
			f.RuleOut("g-oom-kill", fmt.Sprintf("the same %d bytes are missing each time: a wrong length, not a crash", deficit))
		}
		f.SetExpected("backend", len(events), len(events), "bounded",
			"once the declared length is the true one and the process does not end in between")
		c.Expand(map[string]string{"address": k.Server.String()}, f)
	}
}

func deficits(events []*traffic.Event) string {
	if d, same := sameDeficit(events); same {
		return fmt.Sprintf("%d bytes were missing each time", d)
	}
	e := events[0]
	if e.Attempt.DeclaredIn < 0 {
		return fmt.Sprintf("for example after %d bytes, without the last chunk", e.Attempt.BytesIn)
	}
	return fmt.Sprintf("for example %d of %d bytes came", e.Attempt.BytesIn, e.Attempt.DeclaredIn)
}

// sameDeficit reports whether the same number of bytes is missing from every answer.
func sameDeficit(events []*traffic.Event) (int64, bool) {
	first := events[0].Attempt.DeclaredIn - events[0].Attempt.BytesIn
	for _, e := range events {
		if e.Attempt.DeclaredIn < 0 || e.Attempt.DeclaredIn-e.Attempt.BytesIn != first {
			return 0, false
		}
	}
	return first, true
}
