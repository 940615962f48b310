package inference

import (
	"net/netip"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
)

// How a place is compared with the others: by exact tests on tables of requests and failures.

// table counts the requests and failures of a place, and of the others that it is compared with.
type table struct {
	requests, all  int // of the place; of all that it is compared with
	failures, them int // seconds in which events failed: at the place; at all places
	chance         float64
}

// compared reports whether a cell belongs to the requests that a place is compared with: of a member, those of its pools.
func (p *place) compared(s *whereSearch, k traffic.ExposureKey) bool {
	if p.at(s, k) == "" {
		return false
	}
	return p.pools == nil || p.pools[s.poolOf(k)]
}

// poolOf is the pool of a cell's member, under its settings.
func (s *whereSearch) poolOf(k traffic.ExposureKey) traffic.PoolKey {
	return traffic.PoolKey{Pool: k.Member.Pool, Settings: s.keys[k.Member].Settings}
}

// tableOf counts the requests of a place and of the others; given narrows both to another place.
func (s *whereSearch) tableOf(p *place, given *place) (t table) {
	in := func(k traffic.ExposureKey) bool {
		return p.compared(s, k) && (given == nil || given.at(s, k) == given.value)
	}
	for k, cell := range s.x.Cells {
		if in(k) {
			t.all += cell.Requests
			if p.at(s, k) == p.value {
				t.requests += cell.Requests
			}
		}
	}
	var here, there []*traffic.Event
	for i, e := range s.events {
		switch {
		case !in(s.cells[i]):
		case p.at(s, s.cells[i]) == p.value:
			here = append(here, e)
		default:
			there = append(there, e)
		}
	}
	t.failures = DistinctSeconds(here)
	t.them = t.failures + DistinctSeconds(there)
	t.chance = stats.HypergeometricTail(t.failures, t.requests, min(t.them, t.all), t.all)
	return t
}

// besideOthers compares a member or a path with the others in just those seconds in which requests failed. What happened to everybody then
// explains nothing, so each failure counts; those of one or two clients do not, for they may have asked for little else.
func (s *whereSearch) besideOthers(p *place) {
	clients, _ := traffic.GroupBy(p.events, func(e *traffic.Event) netip.Addr { return e.Client })
	if p.name != "member" && p.name != "path" || len(p.events) < stats.MinEvents || len(clients) < 3 {
		return
	}
	lines := map[*stats.Timeline]bool{} // true: of the place
	for k, cell := range s.x.Cells {
		if !p.compared(s, k) {
			continue
		}
		switch {
		case p.name == "member":
			lines[k.Member.Tried] = p.at(s, k) == p.value
		case k.Member == nil && cell.Failures < cell.Requests: // when these were is not known
			return
		default:
			lines[k.Route.Tried] = p.at(s, k) == p.value
		}
	}
	t, counted := table{failures: len(p.events)}, map[int64]bool{}
	for i, e := range s.events {
		if p.compared(s, s.cells[i]) {
			t.them++
			if !e.Tried { // no timeline has it
				t.all++
				if p.at(s, s.cells[i]) == p.value {
					t.requests++
				}
			}
		}
		at := e.Start.Truncate(time.Second)
		if counted[at.Unix()] {
			continue
		}
		counted[at.Unix()] = true
		for line, here := range lines {
			n := line.Between(at, at.Add(time.Second-stats.BinWidth))
			if t.all += n; here {
				t.requests += n
			}
		}
	}
	if t.them > t.all || t.failures > t.requests {
		return
	}
	t.chance = stats.HypergeometricTail(t.failures, t.requests, t.them, t.all)
	p.table, p.brief = t, true
}

// standsOut reports whether failures at a place are more than chance explains, and enough more to matter.
func (t *table) standsOut(tried int) bool {
	if t.failures < 3 || t.requests >= t.all || t.chance*float64(tried) >= stats.Significance ||
		float64(t.requests) > mostOfTraffic*float64(t.all) {
		return false
	}
	here, there := float64(t.failures)/float64(t.requests), float64(t.them-t.failures)/float64(t.all-t.requests)
	return here >= timesAsMuch*there
}

// apart reports whether requests at a place differ from others at the other: too few would prove nothing.
func (t *table) apart() bool { return t.all-t.requests >= max(stats.MinEvents, t.all/50) }
