package clients

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
)

// InvalidRequest recognises j-invalid-request: requests that are not valid HTTP.
var InvalidRequest = inference.Analyzer{
	Name: "j-invalid-request", Requires: inference.Log, Doc: "the gateway refused to read the request",
	Run: func(c *inference.Case) {
		unsaidRefusals(c)
		inference.Decides("j-invalid-request", "the request is not valid HTTP", refusedToRead)(c)
	},
}

func refusedToRead(e *traffic.Event) bool {
	if e.Fault.Side != fault.Client || e.Session {
		return false
	}
	switch e.Fault.Phase {
	case fault.Request, fault.Handshake:
		return e.Fault.Kind != fault.Closed && e.Fault.Kind != fault.Reset
	case fault.Upload:
		return e.Fault.Kind == fault.Malformed
	}
	return false
}

// unsaidRefusals leaves refusals open for which Azure's log has one word and one status, 400, or the status alone: nginx has both also for
// a head that is above its limit. Where others ask for the same and are answered, that is likelier than a request that nobody could read.
func unsaidRefusals(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		return !e.Own && refusedToRead(e) && (e.Info == fault.InvalidRequest || e.QuietInfo()) && e.Status == 400
	})
	if len(events) == 0 {
		return
	}
	likely, next := []string{"j-invalid-request", "j-header-limit"}, "find the client by clientIP and userAgent, and look at what it sends: a line or a field that breaks the rules, or a head of more than the limit (cookies)"
	answered := traffic.Filter(events, func(e *traffic.Event) bool { return answeredPath(c, e) })
	if 2*len(answered) > len(events) {
		likely = []string{"j-header-limit", "j-invalid-request"}
		next = "others ask for the same paths and are answered, so look at how large the heads of these requests are (cookies of some users, Authorization); if they are small, at what in them breaks the rules"
	}
	c.Suspect(events, "the gateway answered 400 before it tried a member, and the log does not say why: "+next, likely...)
}

// answeredPath reports whether some request for the path of an event was answered, under whatever settings: a refused one has none.
func answeredPath(c *inference.Case, e *traffic.Event) bool {
	for k, r := range c.Traffic.Routes {
		if k.Path == e.Path && r.Answered > r.NotFound {
			return true
		}
	}
	return false
}
