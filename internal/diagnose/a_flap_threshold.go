package diagnose

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"causeway/internal/fault"
)

var flappingMembers = hypothesis{
	cause: "a-flap-threshold", needs: theTrace | theHealth,
	test: "members go down by what their health page says and come up again, several times over, while users are answered well in between",
	look: flapping,
}

// manyFlips is how many times a member goes down before it is called marginal.
const manyFlips = 3

// flapping: health pages answer well one time and badly the next, and each time the member goes out of service or into it.
func flapping(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.fault.Kind == fault.NoHealthy }), (*event).poolKey)
	for _, k := range keys {
		trails := q.trailsUnder(k.pool, k.settings)
		most, alone, marginal := flips(trails, q.probing(k.settings))
		good, bad := q.goodBetween(k, q.from, q.to)
		if !marginal || alone < manyFlips || mostDowns(trails) < manyFlips || bad*10 > good {
			continue
		}
		events, p := groups[k], q.probing(k.settings)
		f := q.claimMore("a-flap-threshold", events, Scope{Pool: k.pool, Settings: k.settings}, confidenceOf(!inTurn(trails)))
		f.says("backend-health", fmt.Sprintf("members went down by the answers of their health pages and came up again, most often %s; %d times no other went down with it; %s in a row %s a member out, one good answer brings it back", most, alone, count(p.threshold, "bad answer", "bad answers"), takes(p.threshold)))
		f.says("access-log", fmt.Sprintf("%d requests found no healthy member; of those that were sent to one, %d were answered well and %d not", len(events), good, bad), events...)
		if inTurn(trails) {
			if len(trails) > 1 {
				f.says("backend-health", "they went down one after the other, none again before all the others had, as in a roll-out")
			}
			f.leaves("c-deploy-no-drain")
		}
		f.excludes("a-all-unhealthy-fail-closed", "the members serve whenever they are in service")
		f.expect("gateway", 0, len(events), "bounded", "with more bad answers in a row needed, fewer moments have no member in service")
		q.fill(map[string]string{}, f)
	}
}

// flips counts how often a member of some went down while another stayed up, names the one that did so most, and says
// whether all that took one out was what its health page answered; who refuses the probe as such says nothing of the member.
func flips(trails []*trail, p probing) (most string, alone int, page bool) {
	highest := 0
	for _, t := range trails {
		mine := 0
		for _, c := range t.changes {
			if c.up {
				continue
			}
			if refused := c.status() == http.StatusTooManyRequests || c.status() == http.StatusForbidden; refused || c.reason != "status_mismatch" && c.reason != "body_mismatch" {
				return "", 0, false
			}
			if len(trails) == 1 || anotherStaysUp(trails, t, c, p) {
				mine++
			}
		}
		if alone += mine; mine > highest {
			most, highest = t.member, mine
		}
	}
	return most, alone, true
}

// mostDowns is how often the member that did so most went down.
func mostDowns(trails []*trail) int {
	most := 0
	for _, t := range trails {
		n := 0
		for _, c := range t.changes {
			if !c.up {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// inTurn reports whether no member went down again before all others had.
func inTurn(trails []*trail) bool {
	type turn struct {
		of *trail
		at time.Time
	}
	var turns []turn
	for _, t := range trails {
		for _, c := range t.changes {
			if !c.up {
				turns = append(turns, turn{t, c.at})
			}
		}
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return a.at.Compare(b.at) })
	for i := range turns {
		for j := max(0, i-len(trails)+1); j < i; j++ {
			if turns[j].of == turns[i].of {
				return false
			}
		}
	}
	return true
}

func takes(n int) string {
	if n == 1 {
		return "takes"
	}
	return "take"
}

// anotherStaysUp reports whether a member did not go down in the round of probes in which this one did.
func anotherStaysUp(trails []*trail, this *trail, c change, p probing) bool {
	for _, t := range trails {
		if t != this {
			if _, down := t.wentDown(c.at.Add(-p.interval), c.at.Add(p.interval)); !down {
				return true
			}
		}
	}
	return false
}
