package configuration

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// NoListenerMatch recognises i-no-listener-match: no listener serves the host of the request.
var NoListenerMatch = inference.Analyzer{
	Name: "i-no-listener-match", Requires: inference.Log,
	Doc: "no listener serves the host",
	Run: noListenerMatch,
}

// noListenerMatch: no listener of the gateway serves the host of the request.
func noListenerMatch(c *inference.Case) {
	events := c.Unclaimed(inference.Is(fault.Client, fault.Route, fault.NoListener))
	if len(events) == 0 {
		return
	}
	f := c.Claim("i-no-listener-match", events, report.Scope{}, report.High)
	f.AddEvidence("access-log", fmt.Sprintf("%d requests asked for hosts that no listener serves: %s", len(events),
		most(events, func(e *traffic.Event) string { return e.Host }, 5)), events...)
	c.Expand(map[string]string{}, f)
}

// most lists the values that occur most often, with how often; what clients chose is quoted.
func most(events []*traffic.Event, value func(*traffic.Event) string, atMost int) string {
	values, groups := traffic.GroupBy(events, value)
	slices.SortStableFunc(values, func(a, b string) int { return cmp.Compare(len(groups[b]), len(groups[a])) })
	var parts []string
	for _, v := range values[:min(len(values), atMost)] {
		parts = append(parts, fmt.Sprintf("%q (%d)", v, len(groups[v])))
	}
	if n := len(values) - atMost; n > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(parts, ", ")
}
