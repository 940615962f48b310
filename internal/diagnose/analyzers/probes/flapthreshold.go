package probes

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/units"
)

// FlapThreshold recognises a-flap-threshold: marginal members go in and out of service.
var FlapThreshold = inference.Analyzer{
	Name: "a-flap-threshold", Requires: inference.Trace | inference.Health,
	Doc: "members go down by what their health page says and come up again, several times over, while users are answered well in between",
	Run: flapping,
}

// manyFlips is how many times a member goes down before it is called marginal.
const manyFlips = 3

// flapping: health pages answer well one time and badly the next, and each time the member goes out of service or into it.
func flapping(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Fault.Kind == fault.NoHealthy }),
		(*traffic.Event).PoolKey)
	for _, k := range keys {
		trails := c.Traffic.HistoriesUnder(k.Pool, k.Settings)
		most, alone, marginal := flips(trails, c.Probing(k.Settings))
		good, bad := c.GoodBetween(k, c.Traffic.From, c.Traffic.To)
		if !marginal || alone < manyFlips || mostDowns(trails) < manyFlips || bad*10 > good {
			continue
		}
		events, p := groups[k], c.Probing(k.Settings)
		f := c.ClaimMore("a-flap-threshold", events, report.Scope{Pool: k.Pool, Settings: k.Settings},
			inference.ConfidenceOf(!inTurn(trails)))
		f.AddEvidence("backend-health",
			fmt.Sprintf("members went down by the answers of their health pages and came up again, most often %s; %d times no other went down with it; %s in a row %s a member out, one good answer brings it back",
				most, alone, units.Count(p.Threshold, "bad answer", "bad answers"), takes(p.Threshold)))
		f.AddEvidence("access-log",
			fmt.Sprintf("%d requests found no healthy member; of those that were sent to one, %d were answered well and %d not",
				len(events), good, bad), events...)
		if inTurn(trails) {
			if len(trails) > 1 {
				f.AddEvidence("backend-health",
					"they went down one after the other, none again before all the others had, as in a roll-out")
			}
			f.AddRivals("c-deploy-no-drain")
		}
		f.RuleOut("a-all-unhealthy-fail-closed", "the members serve whenever they are in service")
		f.SetExpected("gateway", 0, len(events), "bounded",
			"with more bad answers in a row needed, fewer moments have no member in service")
		c.Expand(map[string]string{}, f)
	}
}

// flips counts how often a member of some went down while another stayed up, names the one that did so most, and says
// whether all that took one out was what its health page answered; a refusal of the probe as such says nothing of the member.
func flips(trails []*health.History, p inference.Probing) (most string, alone int, page bool) {
	highest := 0
	for _, t := range trails {
		mine := 0
		for _, c := range t.Changes {
			if c.Up {
				continue
			}
			if refused := c.Status() == http.StatusTooManyRequests || c.Status() == http.StatusForbidden; refused ||
				c.Reason != "status_mismatch" && c.Reason != "body_mismatch" {
				return "", 0, false
			}
			if len(trails) == 1 || anotherStaysUp(trails, t, c, p) {
				mine++
			}
		}
		if alone += mine; mine > highest {
			most, highest = t.Member, mine
		}
	}
	return most, alone, true
}

// mostDowns is how often the member that did so most went down.
func mostDowns(trails []*health.History) int {
	most := 0
	for _, t := range trails {
		n := 0
		for _, c := range t.Changes {
			if !c.Up {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// inTurn reports whether no member went down again before all others had.
func inTurn(trails []*health.History) bool {
	type turn struct {
		of *health.History
		at time.Time
	}
	var turns []turn
	for _, t := range trails {
		for _, c := range t.Changes {
			if !c.Up {
				turns = append(turns, turn{t, c.At})
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
func anotherStaysUp(trails []*health.History, this *health.History, c health.Change, p inference.Probing) bool {
	for _, t := range trails {
		if t != this {
			if _, down := t.WentDown(c.At.Add(-p.Interval), c.At.Add(p.Interval)); !down {
				return true
			}
		}
	}
	return false
}
