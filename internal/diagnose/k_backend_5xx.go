package diagnose

import (
	"fmt"
	"net/http"
	"slices"

	"causeway/internal/fault"
)

var backends5xx = hypothesis{
	cause: "k-backend-5xx", needs: theLog,
	test: "the status of the backend is the one that the client got",
	look: backendStatus,
}

// backendStatus: the application itself answered with an error.
func backendStatus(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.fault.Kind == fault.Status }), (*event).poolKey)
	for _, k := range keys {
		events := groups[k]
		unsaid := besideEcho(events) != nil
		f := q.claim("k-backend-5xx", events, scopeOf(events), confidenceOf(!unsaid))
		members, byMember := groupBy(events, (*event).key)
		for _, m := range members[:min(len(members), maxKinds)] {
			f.says("access-log", fmt.Sprintf("%s answered %s; the gateway passed it on", m.member, statuses(byMember[m])), byMember[m]...)
		}
		if more := len(members) - maxKinds; more > 0 {
			f.says("access-log", fmt.Sprintf("so did %s", count(more, "further member", "further members")))
		}
		if unsaid {
			f.says("access-log", "serverStatus alone does not prove that the member answered, for the gateway may write its own 502 or 504 there; these came as no gateway makes them")
			f.may("c-restart", "b-refused")
		}
		proxies := false
		for _, e := range events {
			proxies = proxies || e.status >= 502 && e.status <= 504
		}
		if slices.ContainsFunc(events, func(e *event) bool { return e.status == http.StatusServiceUnavailable }) {
			f.may("g-shed-503", "g-retry-storm")
		}
		if proxies {
			f.leaves("k-chained-proxy")
		} else {
			f.excludes("k-chained-proxy", "a proxy between would have said 502, 503 or 504")
		}
		f.expect("backend", len(events), len(events), "bounded", "once the application no longer fails")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

func statuses(events []*event) string {
	count := map[int]int{}
	var order []int
	for _, e := range events {
		if count[e.status] == 0 {
			order = append(order, e.status)
		}
		count[e.status]++
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
