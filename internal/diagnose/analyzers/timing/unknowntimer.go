package timing

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/units"
)

// UnknownTimer recognises k-backend-5xx: the backend itself answers with an error.
var UnknownTimer = inference.Analyzer{
	Name: "k-backend-5xx", Requires: inference.Log,
	Doc: "left open: a 504 that the gateway's timer may have made, or the member's own, where the request timeout is not known",
	Run: setUnknownAside,
}

// setUnknownAside leaves timeouts open that may be the member's own: without the request timeout it is not known whose timer
// it was that ended them.
func setUnknownAside(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		return e.Ambiguous && traffic.IsTimeout(e) && c.Traffic.Timeouts[e.Settings] == 0
	})
	if len(events) > 0 {
		c.Suspect(events, "these ended after "+units.Span(traffic.SortedDurations(events, traffic.Lasted))+
			", and serverStatus has the same 504, which the gateway may have written itself: add the gateway document; at the request timeout it was the gateway that gave up, at any other time the member did",
			"d-timeout-below-latency", "d-hung", "k-chained-proxy", "d-inner-timeout", "d-slow-route", "k-backend-5xx")
	}
}
