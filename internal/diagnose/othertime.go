package diagnose

import (
	"fmt"
	"strings"
	"time"
)

// A document of another time than the failures may hold another request timeout than they met. Then what it advises to
// change may have been changed already.

// timeoutNow is what the document says of settings whose requests show that it was another then.
func (q *inquiry) timeoutNow(settings string) (now time.Duration, changed bool) {
	now, changed = q.documented[settings]
	return now, changed
}

// advise fills the advice of a longer request timeout in, or says that the document has changed since.
func (q *inquiry) advise(f *finding, l *late, longer time.Duration, values map[string]string) {
	values["timeout"], values["newTimeout"], values["newTimeoutSeconds"] = seconds(l.limit), seconds(longer), fmt.Sprint(int(longer.Seconds()))
	now, changed := q.timeoutNow(l.scope.Settings)
	if changed {
		f.says("configuration", fmt.Sprintf("the document says %s for backend settings %s and is of another time: it was %s when these requests failed", seconds(now), l.scope.Settings, seconds(l.limit)))
	}
	for i := range f.Fixes {
		x := &f.Fixes[i]
		if !changed || !strings.Contains(x.Commands.AzCLI, "--timeout") {
			continue
		}
		if now > l.limit {
			*x = Fix{
				Side:     x.Side,
				Change:   fmt.Sprintf("nothing more until it is seen what the change has done: the request timeout of %s has been raised since, from %s to %s; diagnose requests of after the change, with --before and this report", l.scope.Settings, seconds(l.limit), seconds(now)),
				Expected: Expected{Removes: [2]int{0, len(l.events)}, Basis: "bounded", Note: q.presentTimeout(l.scope.Settings, l.limit, now)},
			}
			continue
		}
		x.Change += fmt.Sprintf("; the document has %s by now, which is shorter still", seconds(now))
		x.Expected.Note = strings.TrimPrefix(x.Expected.Note+"; "+q.presentTimeout(l.scope.Settings, l.limit, now), "; ")
	}
	q.fill(values, f)
}

// presentTimeout is what the document's value would have done at the time of the failures.
func (q *inquiry) presentTimeout(settings string, then, now time.Duration) string {
	r := q.routesOf(settings)
	if now < then {
		return fmt.Sprintf("the present %s would have cut %s more that came after that", seconds(now), count(r.waits.between(now, max(then, r.slowest())), "answer", "answers"))
	}
	return fmt.Sprintf("with the present %s some of them would have been answered, for %s came in the last third before %s; how many is not in the evidence", seconds(now), count(r.lastThird(then), "answer", "answers"), seconds(then))
}
