package diagnose

import "fmt"

var slowInspection = hypothesis{
	cause: "h-waf-latency", needs: theLog,
	test: "on the slow requests the firewall took most of the time",
	look: wafLatency,
}

// wafLatency: inspection of large bodies or costly rules makes requests slow that the backend answers at once.
func wafLatency(q *inquiry) {
	events := q.unclaimed(func(e *event) bool { return e.waf > 0 && 2*e.waf > e.taken })
	if len(events) < 3 {
		return
	}
	f := q.claim("h-waf-latency", events, Scope{}, High)
	f.says("access-log", fmt.Sprintf("the firewall took more than half of the time of %d requests, and up to %s; half of all inspections took %s", q.wafSlow, seconds(q.waf.most), seconds(q.waf.quantile(0.5))), events...)
	q.fill(map[string]string{}, f)
}
