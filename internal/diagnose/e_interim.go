package diagnose

import (
	"fmt"
	"strings"

	"causeway/internal/fault"
)

var badInterim = decided("e-interim", theTrace, "the member switches protocols, and nobody had asked for that",
	"the member answered with what was not asked for", unaskedSwitch)

// unaskedSwitch matches a 101 to a request that asked for no upgrade (RFC 9110 section 15.2.2). Other interim responses may come in any
// number (section 15.2): where they end a request it is for a limit of the gateway's own, and no member is blamed.
func unaskedSwitch(e *event) bool {
	return is(fault.Backend, fault.Head, fault.BadInterim)(e) && strings.Contains(e.fault.Detail, "switches")
}

var interimLimit = hypothesis{
	cause: "e-interim", needs: theTrace,
	test: "the gateway ended the request itself, at its own limit for interim responses",
	look: interimBeyondLimit,
}

// interimBeyondLimit: the gateway stopped passing interim responses on. The limit is its own, and no standard's: the member did
// nothing wrong, and the texts of the catalogue, which are about an unasked 101, do not fit.
func interimBeyondLimit(q *inquiry) {
	members, groups := groupBy(q.unclaimed(is(fault.Gateway, fault.Head, fault.BadInterim)), (*event).key)
	for _, k := range members {
		events := groups[k]
		f := q.claim("e-interim", events, scopeOf(events), High)
		f.Title = "interim responses beyond a limit of the gateway's own"
		f.Mechanism = "The gateway passes on at most 1,000 interim responses (1xx) a second and 4 MiB of them to one request, and ends a request that goes beyond. The limit is the gateway's own: a member may send any number of them (RFC 9110 section 15.2)."
		f.Disproof = "the record of such a request counts few interim responses (interim)"
		f.Fixes = []Fix{{
			Side: "backend", Change: "let {member} send fewer interim responses: one each second or so is enough to show progress",
			Expected: Expected{Removes: [2]int{len(events), len(events)}, Basis: "exact", Note: "below the limit the gateway ends no request for them"},
		}}
		f.says("access-log", fmt.Sprintf("the gateway ended %s at its own limit%s", count(len(events), "request", "requests"), detail(events)), events...)
		if sent := interimSent(events); sent != "" {
			f.says("access-log", "by then the member had sent "+sent)
		}
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

// interimSent is how many interim responses each request got; empty where the record does not count them.
func interimSent(events []*event) string {
	least, most := events[0].attempt.Interim, 0
	for _, e := range events {
		least, most = min(least, e.attempt.Interim), max(most, e.attempt.Interim)
	}
	switch {
	case most == 0:
		return ""
	case least == most:
		return fmt.Sprintf("%d interim responses to each", most)
	}
	return fmt.Sprintf("%d to %d interim responses to each", least, most)
}

// interimLeft says of requests that ended at the gateway's limit for interim responses what that is.
func interimLeft(q *inquiry) {
	events := q.unclaimed(is(fault.Backend, fault.Head, fault.BadInterim))
	if len(events) > 0 {
		q.suspect(events, "the member sent more interim responses (1xx) before its answer than this gateway takes"+detail(events)+". It may send any number of them: the limit, in bytes, is the gateway's own. Let the member send fewer or smaller ones, or report it if they are ordinary progress",
			"e-interim", "e-status-line")
	}
}
