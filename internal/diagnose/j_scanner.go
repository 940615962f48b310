package diagnose

import "fmt"

var scanners = hypothesis{
	cause: "j-scanner", needs: theLog,
	test: "a few addresses send most of the requests that no gateway would serve, for many different paths or hosts",
	look: scanner,
}

// scanner: programs that look for holes ask for what nobody has.
func scanner(q *inquiry) {
	events := q.unclaimed(func(e *event) bool {
		return e.fault.Side == "client" && (e.fault.Phase == "request" || e.fault.Phase == "route" || e.fault.Phase == "handshake") && e.fault.Kind != "closed" && e.fault.Kind != "reset" && e.fault.Kind != "timeout"
	})
	clients, byClient := groupBy(events, func(e *event) string { return e.client.String() })
	for _, c := range clients {
		mine := byClient[c]
		kinds, _ := groupBy(mine, func(e *event) string { return e.host + " " + e.path + " " + string(e.fault.Kind) })
		if len(mine) < 2*minEvents || len(kinds) < 2*minEvents {
			continue
		}
		f := q.claimMore("j-scanner", mine, Scope{}, High)
		f.says("access-log", fmt.Sprintf("%s sent %d requests that the gateway refused, for %d different hosts and paths; its agent says %q", c, len(mine), len(kinds), mine[0].agent), mine...)
		q.fill(map[string]string{"client": c}, f)
	}
}
