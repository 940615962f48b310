package protocol

import (
	"fmt"
	"strings"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// URIRejected recognises e-uri-rejected: the backend rejects the address of the request.
var URIRejected = inference.Analyzer{
	Name: "e-uri-rejected", Requires: inference.Trace,
	Doc: "paths to different parts of the application that have one odd thing in common are never answered, each ends the connection, and the same members answer paths without it",
	Run: rejectedAddress,
}

// rejectedAddress: the server's parser does not take the address, wherever it leads. A crash in the code behind one path
// spares other paths that look as odd.
func rejectedAddress(c *inference.Case) {
	for _, odd := range inference.Oddities {
		settings, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
			return e.Own && e.ClosedUnanswered() &&
				odd.Has(e.Path)
		}), func(e *traffic.Event) string { return e.Settings })
		for _, s := range settings {
			events := groups[s]
			paths, _ := traffic.GroupBy(events, func(e *traffic.Event) string { return e.Path })
			with, without := answersBy(c, s, odd)
			places, _ := traffic.GroupBy(events, func(e *traffic.Event) string { return firstSegment(e.Path) })
			if len(events) < stats.MinEvents || len(places) < 2 || with > 0 || without < traffic.EnoughAnswers ||
				10*c.Accompanied(events) < 9*len(events) {
				continue
			}
			f := c.Claim("e-uri-rejected", events, inference.ScopeOf(events), report.High)
			f.AddEvidence("access-log",
				fmt.Sprintf("no request with %s in its path was answered: %d attempts at %s, each ended by the member before a byte of an answer", odd.Name, len(events), units.Some(paths)), events...)
			f.AddEvidence("access-log", fmt.Sprintf("under the same settings %d requests without it were answered, at those times too",
				without))
			f.RuleOut("c-restart", "the members answered other requests at those times")
			f.RuleOut("g-crash-on-input", "the paths lead to different parts of the application, and have only this in common")
			f.AddOpenRivals("e-request-header-too-big")
			f.SetExpected("backend", len(events), len(events), "bounded",
				"once the members answer such addresses; with what status is another question")
			c.Expand(map[string]string{"address": inference.Address(events)}, f)
		}
	}
}

// answersBy counts the answers to paths with and without an oddity.
func answersBy(c *inference.Case, settings string, odd inference.Oddity) (with, without int) {
	for k, r := range c.Traffic.Routes {
		switch {
		case k.Settings != settings:
		case odd.Has(k.Path):
			with += r.Answered
		default:
			without += r.Answered
		}
	}
	return with, without
}

func firstSegment(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first
}
