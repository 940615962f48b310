package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
)

// StatusLine recognises e-status-line: the response has no valid status line.
var StatusLine = inference.Analyzer{
	Name: "e-status-line", Requires: inference.Trace,
	Doc: "the version or the status in the status line is invalid, or the line is missing, while the member answers other requests as it should",
	Run: func(q *inference.Case) {
		inference.Decides("e-status-line", "the status line of the response is invalid", func(e *traffic.Event) bool {
			return inference.Is(fault.Backend, fault.Head, fault.BadStatus)(e) || onAWorkingMember(q, e)
		})(q)
	},
}
