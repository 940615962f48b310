package inference

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/report"
	"causeway/internal/units"
)

// A document of another time than the failures may have another request timeout than they met. Then somebody may have made the change
// that a finding advises already.

// TimeoutNow is the request timeout in the document, for settings whose requests show that it was another one then.
func (c *Case) TimeoutNow(settings string) (now time.Duration, changed bool) {
	now, changed = c.Traffic.Documented[settings]
	return now, changed
}

// Advise completes the advice of a longer request timeout, or notes that the document has changed since.
func (c *Case) Advise(f *Finding, l *TimedOutGroup, longer time.Duration, values map[string]string) {
	values["timeout"], values["newTimeout"], values["newTimeoutSeconds"] = units.Seconds(l.Limit), units.Seconds(longer),
		fmt.Sprint(int(longer.Seconds()))
	now, changed := c.TimeoutNow(l.Scope.Settings)
	if changed {
		f.AddEvidence("configuration",
			fmt.Sprintf("the document has %s for backend settings %s and is of another time: it was %s when these requests failed",
				units.Seconds(now), l.Scope.Settings, units.Seconds(l.Limit)))
	}
	for i := range f.Fixes {
		x := &f.Fixes[i]
		if !changed || !strings.Contains(x.Commands.AzCLI, "--timeout") {
			continue
		}
		if now > l.Limit {
			*x = report.Fix{
				Side: x.Side,
				Change: fmt.Sprintf("nothing more until it is seen what the change has done: the request timeout of %s has been raised since, from %s to %s; diagnose requests of after the change, with --before and this report",
					l.Scope.Settings, units.Seconds(l.Limit), units.Seconds(now)),
				Expected: report.Expected{
					Removes: [2]int{0, len(l.Events)},
					Basis:   "bounded",
					Note:    c.PresentTimeout(l.Scope.Settings, l.Limit, now),
				},
			}
			continue
		}
		x.Change += fmt.Sprintf("; the document has %s by now, which is shorter still", units.Seconds(now))
		x.Expected.Note = strings.TrimPrefix(x.Expected.Note+"; "+c.PresentTimeout(l.Scope.Settings, l.Limit, now), "; ")
	}
	c.Expand(values, f)
}

// PresentTimeout says what the timeout of the document would have done at the time of the failures.
func (c *Case) PresentTimeout(settings string, then, now time.Duration) string {
	r := c.Traffic.RoutesOf(settings)
	if now < then {
		return fmt.Sprintf("the present %s would have cut %s more that came after that", units.Seconds(now),
			units.Count(r.Waits.Between(now, max(then, r.Slowest())), "answer", "answers"))
	}
	return fmt.Sprintf("with the present %s some of them would have been answered, for %s came in the last third before %s; how many is not in the evidence",
		units.Seconds(now), units.Count(r.LastThird(then), "answer", "answers"), units.Seconds(then))
}
