package inference

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// How a place is put into words, with both counts.

// finish adds the counts, the confidence and the fact.
func (s *whereSearch) finish(out *report.Where, found []place, all []*traffic.Event) *report.Where {
	out.Confidence = report.High
	for i := range found {
		if found[i].shared || found[i].brief || found[i].table.failures < stats.MinEvents {
			out.Confidence = report.Medium
		}
	}
	inside := traffic.Filter(all, func(e *traffic.Event) bool {
		k := s.c.Traffic.CellOf(e)
		for i := range found {
			if found[i].name == "client" {
				if e.Client.String() != found[i].value {
					return false
				}
			} else if found[i].at(s, k) != found[i].value {
				return false
			}
		}
		return (out.From == "" || units.Stamp(e.Start) >= out.From) && (out.Until == "" || units.Stamp(e.Start) <= out.Until)
	})
	out.Failures, out.Of = s.c.Extrapolate(len(inside)), s.c.Extrapolate(len(all))
	out.Fact = s.fact(out, found)
	return out
}

// fact says the counts of the place and of the rest.
func (s *whereSearch) fact(out *report.Where, found []place) string {
	text := fmt.Sprintf("%s: %d of %s", out.Text(), out.Failures, units.Count(out.Of, "failure", "failures"))
	if len(found) == 0 {
		return text
	}
	slices.SortStableFunc(found, func(a, b place) int { return cmp.Compare(a.table.chance, b.table.chance) })
	p := &found[0]
	if p.name == "client" {
		return text + fmt.Sprintf("; it sent %d of the %d requests to these paths", p.table.requests, p.table.all)
	}
	here, there, others := traffic.Exposed{}, traffic.Exposed{}, map[string]bool{}
	for k, cell := range s.x.Cells {
		if !p.compared(s, k) {
			continue
		}
		to := &there
		if p.at(s, k) == p.value {
			to = &here
		} else {
			others[p.at(s, k)] = true
		}
		to.Requests, to.Failures = to.Requests+cell.Requests, to.Failures+cell.Failures
	}
	text += "; "
	if out.From+out.Until != "" {
		text += "in the whole log "
	}
	return text + p.rates(here, there, len(others))
}

// rates compares how often requests fail at a place with how often they do elsewhere.
func (p *place) rates(here, there traffic.Exposed, others int) string {
	text, verb := fmt.Sprintf("%d of its %d requests failed", here.Failures, here.Requests), ""
	switch {
	case here.Failures < here.Requests:
	case p.name == "member":
		text, verb = fmt.Sprintf("it answered none of %s", units.Count(here.Requests, "request", "requests")), " failed"
	case here.Requests == 1:
		text = "its only request failed"
	default:
		text = fmt.Sprintf("all of its %d requests failed", here.Requests)
	}
	rest, failed := "the other one", "none"
	if others > 1 {
		rest = fmt.Sprintf("the other %d", others)
	}
	if there.Failures > 0 {
		failed = strconv.Itoa(there.Failures)
	}
	return text + fmt.Sprintf(", and %s of the %d of %s", failed, there.Requests, rest) + verb
}
