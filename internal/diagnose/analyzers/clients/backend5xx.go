package clients

import (
	"fmt"
	"net/http"
	"slices"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/units"
)

// Backend5xx recognises k-backend-5xx: the backend itself answers with an error.
var Backend5xx = inference.Analyzer{
	Name: "k-backend-5xx", Requires: inference.Log,
	Doc: "the status of the backend is the one that the client got",
	Run: backendStatus,
}

// backendStatus: the application itself answered with an error.
func backendStatus(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Fault.Kind == fault.Status }),
		(*traffic.Event).PoolKey)
	for _, k := range keys {
		events := groups[k]
		unsaid := inference.RivalsOfEcho(events) != nil
		f := c.Claim("k-backend-5xx", events, inference.ScopeOf(events), inference.ConfidenceOf(!unsaid))
		members, byMember := traffic.GroupBy(events, (*traffic.Event).Key)
		for _, m := range members[:min(len(members), inference.MaxListed)] {
			f.AddEvidence("access-log", fmt.Sprintf("%s answered %s; the gateway passed it on", m.Member, statuses(byMember[m])),
				byMember[m]...)
		}
		if more := len(members) - inference.MaxListed; more > 0 {
			f.AddEvidence("access-log", fmt.Sprintf("so did %s", units.Count(more, "further member", "further members")))
		}
		if unsaid {
			f.AddEvidence("access-log",
				"serverStatus alone does not prove that the member answered, for the gateway may write its own 502 or 504 there; these came as no gateway makes them")
			f.AddOpenRivals("c-restart", "b-refused")
		}
		proxies := false
		for _, e := range events {
			proxies = proxies || e.Status >= 502 && e.Status <= 504
		}
		if slices.ContainsFunc(events, func(e *traffic.Event) bool { return e.Status == http.StatusServiceUnavailable }) {
			f.AddOpenRivals("g-shed-503", "g-retry-storm")
		}
		if proxies {
			f.AddRivals("k-chained-proxy")
		} else {
			f.RuleOut("k-chained-proxy", "a proxy in between would have answered 502, 503 or 504")
		}
		f.SetExpected("backend", len(events), len(events), "bounded", "once the application no longer fails")
		c.Expand(map[string]string{"address": inference.Address(events)}, f)
	}
}

func statuses(events []*traffic.Event) string {
	count := map[int]int{}
	var order []int
	for _, e := range events {
		if count[e.Status] == 0 {
			order = append(order, e.Status)
		}
		count[e.Status]++
	}
	text := ""
	for i, s := range order {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%d × %d", count[s], s)
	}
	return text
}
