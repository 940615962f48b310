package clients

import (
	"fmt"
	"net/http"
	"slices"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// ShortBody recognises j-short-body: clients ended their uploads early.
var ShortBody = inference.Analyzer{
	Name: "j-short-body", Requires: inference.Log,
	Doc: "the client ended its body before the declared length; on Azure, the gateway still answered a client that had ended its side in the middle of a body",
	Run: func(c *inference.Case) {
		inference.Decides("j-short-body", "the client ended its body before the length that it had declared",
			inference.Is(fault.Client, fault.Upload, fault.Truncated))(c)
		endedUploads(c)
	},
}

// endedUploads: of a client that leaves while it waits, nginx, which Azure's second generation is, logs 499; where it closes while the
// gateway reads its body, 400. So a closed client that was answered 400, to a request that has a body, had not sent all of it.
func endedUploads(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		return !e.Own && e.Fault == (fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Closed}) &&
			e.Status == http.StatusBadRequest && e.Attempt.Status == 0 && slices.Contains([]string{"POST", "PUT", "PATCH"}, e.Method)
	})
	if len(events) < stats.MinEvents {
		return
	}
	f := c.Claim("j-short-body", events, inference.ScopeOf(events), report.Medium)
	f.AddEvidence("access-log",
		fmt.Sprintf("%d clients closed, and were answered 400 all the same: the gateway was still reading their bodies (of one that leaves while it waits the log has 499)",
			len(events)), events...)
	f.RuleOut("j-slow-upload", "a client that is too slow is answered 408")
	f.AddRivals("j-client-abort")
	c.Expand(map[string]string{}, f)
}
