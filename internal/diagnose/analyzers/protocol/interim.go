package protocol

import (
	"fmt"
	"strings"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/units"
)

// Interim recognises e-interim, where the member switches protocols without an Upgrade header.
var Interim = inference.Decided("e-interim", inference.Trace, "the member switches protocols, and the request did not offer that",
	"the member answered with what the request did not ask for", unaskedSwitch)

// unaskedSwitch matches a 101 to a request without an Upgrade header (RFC 9110 section 15.2.2). Other interim responses may come in any
// number (section 15.2): where they end a request it is for a limit of the gateway's own, and no member is blamed.
func unaskedSwitch(e *traffic.Event) bool {
	return inference.Is(fault.Backend, fault.Head, fault.BadInterim)(e) && strings.Contains(e.Fault.Detail, "switches")
}

// InterimLimit recognises e-interim, where the member sends more interim responses than the gateway passes on.
var InterimLimit = inference.Analyzer{
	Name: "e-interim", Requires: inference.Trace,
	Doc: "the gateway ended the request itself, at its own limit for interim responses",
	Run: interimBeyondLimit,
}

// interimBeyondLimit: the gateway stopped passing interim responses on. The limit is its own, and no standard's: the member did
// nothing wrong, and the texts of the catalogue, which are about an unasked 101, do not fit.
func interimBeyondLimit(c *inference.Case) {
	members, groups := traffic.GroupBy(c.Unclaimed(inference.Is(fault.Gateway, fault.Head, fault.BadInterim)), (*traffic.Event).Key)
	for _, k := range members {
		events := groups[k]
		f := c.Claim("e-interim", events, inference.ScopeOf(events), report.High)
		f.Title = "interim responses beyond a limit of the gateway's own"
		f.Mechanism = "The gateway passes on at most 1,000 interim responses (1xx) a second and 4 MiB of them to one request, and ends a request that goes beyond. The limit is the gateway's own: a member may send any number of them (RFC 9110 section 15.2)."
		f.DisprovedBy = "the record of such a request counts few interim responses (interim)"
		f.Fixes = []report.Fix{{
			Side: "backend", Change: "let {member} send fewer interim responses: one each second or so is enough to show progress",
			Expected: report.Expected{
				Removes: [2]int{len(events), len(events)},
				Basis:   "exact",
				Note:    "below the limit the gateway ends no request for them",
			},
		}}
		f.AddEvidence("access-log", fmt.Sprintf("the gateway ended %s at its own limit%s", units.Count(len(events), "request", "requests"),
			inference.Detail(events)), events...)
		if sent := interimSent(events); sent != "" {
			f.AddEvidence("access-log", "by then the member had sent "+sent)
		}
		c.Expand(map[string]string{"address": inference.Address(events)}, f)
	}
}

// interimSent is how many interim responses each request got; empty where the record does not count them.
func interimSent(events []*traffic.Event) string {
	least, most := events[0].Attempt.Interim, 0
	for _, e := range events {
		least, most = min(least, e.Attempt.Interim), max(most, e.Attempt.Interim)
	}
	switch {
	case most == 0:
		return ""
	case least == most:
		return fmt.Sprintf("%d interim responses to each", most)
	}
	return fmt.Sprintf("%d to %d interim responses to each", least, most)
}

// InterimLeft says of requests that ended at the gateway's limit for interim responses what that is.
func InterimLeft(c *inference.Case) {
	events := c.Unclaimed(inference.Is(fault.Backend, fault.Head, fault.BadInterim))
	if len(events) > 0 {
		c.Suspect(events, "the member sent more interim responses (1xx) before its answer than this gateway takes"+inference.Detail(events)+
			". It may send any number of them: the limit, in bytes, is the gateway's own. Let the member send fewer or smaller ones, or report it if they are ordinary progress",
			"e-interim", "e-status-line")
	}
}
