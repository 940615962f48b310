package clients

import (
	"fmt"
	"net/http"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// Masked recognises k-masked: the status was changed on the way.
var Masked = inference.Analyzer{
	Name: "k-masked", Requires: inference.Log,
	Doc: "the status of the backend is another one than the client got",
	Run: masked,
}

// masked: something on the way back turned the backend's answer into another.
func masked(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		return e.Tried && e.Fault.Kind == fault.Status && e.Attempt.Status > 0 && e.Status >= 500 && e.Attempt.Status != e.Status
	})
	unfit, events := traffic.Partition(events, func(e *traffic.Event) bool {
		return e.Status == http.StatusBadGateway &&
			e.Attempt.Status < 500
	})
	if len(unfit) > 0 {
		c.Suspect(unfit,
			"the member's status line came and the gateway answered 502 all the same: no feature turns a good answer into 502, while a head or body that it cannot pass on does; ask the member for the same paths and look at the bytes of head and framing",
			"e-bad-header", "e-header-too-big", "e-short-body", "e-bad-chunk", "e-cl-te", "c-restart", "k-masked")
	}
	keys, groups := traffic.GroupBy(events, func(e *traffic.Event) [2]int { return [2]int{e.Attempt.Status, e.Status} })
	for _, k := range keys {
		f := c.ClaimMore("k-masked", groups[k], inference.ScopeOf(groups[k]), report.High)
		f.AddEvidence("access-log", fmt.Sprintf("%d × the backend answered %d and the client got %d", len(groups[k]), k[0], k[1]),
			groups[k]...)
		c.Expand(map[string]string{"address": inference.Address(groups[k])}, f)
	}
}
