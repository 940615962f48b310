package diagnose

import "fmt"

var cells = hypothesis{
	cause: "b-node-local", needs: theLog,
	test: "failures are in one cell of the matrix of instances and members: one cannot reach the other, and both are well otherwise",
	look: nodeLocal,
}

// nodeLocal: one instance cannot reach one member. Neither is at fault: the way between them is.
func nodeLocal(q *inquiry) {
	if len(q.instances) < 2 || len(q.members) < 2 {
		return
	}
	place := func(e *event) instanceMember { return instanceMember{e.instance, e.member} }
	_, byCell := groupBy(q.unclaimed(func(e *event) bool { return gatewayMade(e) && e.tried }), place)
	exposure := map[instanceMember]int{}
	for k, c := range q.cells {
		if k.member != "" {
			exposure[k] = c.requests
		}
	}
	for _, s := range standsOut(exposure, byCell) {
		events := byCell[s.key]
		row, column := q.besides(s.key)
		if s.failures < minEvents || row.requests < enoughAnswers || column.requests < enoughAnswers || 10*(row.failures+column.failures) > len(events) {
			continue
		}
		if q.mayBeTheRequest(events) {
			continue
		}
		scope := scopeOf(events)
		scope.Instance = s.key.instance
		f := q.claim("b-node-local", events, scope, High)
		f.says("access-log", fmt.Sprintf("%d requests of instance %s failed at %s; the instance had %d failures of %d requests at other members, the member %d of %d from other instances",
			len(events), s.key.instance, s.key.member, row.failures, row.requests, column.failures, column.requests), events...)
		f.excludes("h-instance-fault", "the instance reaches the other members")
		f.excludes("g-noisy-member", "the member answers the other instances")
		q.fill(map[string]string{"instance": s.key.instance, "address": address(events)}, f)
	}
}

// besides adds up the rest of a cell's row and of its column.
func (q *inquiry) besides(k instanceMember) (row, column cell) {
	for o, c := range q.cells {
		switch {
		case o == k || o.member == "":
		case o.instance == k.instance:
			row.requests, row.failures = row.requests+c.requests, row.failures+c.failures
		case o.member == k.member:
			column.requests, column.failures = column.requests+c.requests, column.failures+c.failures
		}
	}
	return row, column
}

// mayBeTheRequest reports whether failures at one place may be of what was asked for there: of a kind that is answered
// nowhere, or of few users whom a cookie binds to the place. A client with one connection has one instance, and takes
// all that it asks for there. Where no connection came about, what was to be asked did not matter.
func (q *inquiry) mayBeTheRequest(events []*event) bool {
	sent := filtered(events, func(e *event) bool { return !connectFailed(e) })
	if len(sent) == 0 {
		return false
	}
	strange := filtered(sent, func(e *event) bool { return q.route(e.route()).answered < minEvents })
	return 5*len(strange) >= len(events) || q.fewUsers(sent)
}
