package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
)

// ForeignService recognises e-foreign-service: another service listens on the member's port.
var ForeignService = inference.Analyzer{
	Name: "e-foreign-service", Requires: inference.Trace,
	Doc: "the answer does not begin like HTTP, and none of this member ever did",
	Run: func(q *inference.Case) {
		inference.Decides("e-foreign-service", "the answer is not HTTP", func(e *traffic.Event) bool {
			return notHTTP("")(e) &&
				q.Traffic.Member(e.Key()).Answered == 0
		})(q)
	},
}

// onAWorkingMember matches an answer without a status line of a member that answers other requests as it should: then it
// is a handler that writes its answer by hand, and not another service.
func onAWorkingMember(c *inference.Case, e *traffic.Event) bool {
	return e.Fault.Kind == fault.NotHTTP && notHTTP("")(e) && c.Traffic.Member(e.Key()).Answered > 0
}
