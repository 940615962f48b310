package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"causeway/internal/fault"
)

var noListener = hypothesis{
	cause: "i-no-listener-match", needs: theLog,
	test: "no listener serves the host",
	look: noListenerMatch,
}

// noListenerMatch: the gateway has nobody for the host that was asked for.
func noListenerMatch(q *inquiry) {
	events := q.unclaimed(is(fault.Client, fault.Route, fault.NoListener))
	if len(events) == 0 {
		return
	}
	f := q.claim("i-no-listener-match", events, Scope{}, High)
	f.says("access-log", fmt.Sprintf("%d requests asked for hosts that no listener serves: %s", len(events), most(events, func(e *event) string { return e.host }, 5)), events...)
	q.fill(map[string]string{}, f)
}

// most lists the values that occur most often, with how often; what clients chose is quoted.
func most(events []*event, value func(*event) string, atMost int) string {
	values, groups := groupBy(events, value)
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
