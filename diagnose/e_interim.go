package diagnose

import (
	"strings"

	"causeway/fault"
)

var badInterim = decided("e-interim", theTrace, "the member switches protocols, and nobody had asked for that",
	"the member answered with what was not asked for", unaskedSwitch)

// unaskedSwitch matches a 101 to a request that asked for no upgrade (RFC 9110 section 15.2.2). Other interim responses may come in any
// number (section 15.2): where they end a request it is for a limit of the gateway's own, and no member is blamed.
func unaskedSwitch(e *event) bool {
	return is(fault.Backend, fault.Head, fault.BadInterim)(e) && strings.Contains(e.fault.Detail, "switches")
}

// interimLeft says of requests that ended at the gateway's limit for interim responses what that is.
func interimLeft(q *inquiry) {
	events := q.unclaimed(is(fault.Backend, fault.Head, fault.BadInterim))
	if len(events) > 0 {
		q.suspect(events, "the member sent more interim responses (1xx) before its answer than this gateway takes"+detail(events)+". It may send any number of them: the limit, in bytes, is the gateway's own. Let the member send fewer or smaller ones, or report it if they are ordinary progress",
			"e-interim", "e-status-line")
	}
}
