package diagnose

import (
	"fmt"
	"slices"

	"causeway/internal/diagnose/analyzers/capacity"
	"causeway/internal/diagnose/inference"
	"causeway/internal/report"
	"causeway/internal/units"
)

// recorded says what Causeway's activity log has against the gateway itself: instances that died, and times in which it was full. A death
// that is over and cost nothing is a fact, and nothing against it.
func recorded(c *inference.Case) (against, facts []string) {
	for _, d := range c.Deaths() {
		fact := fmt.Sprintf("instance %s died %s", d.Instance, units.Count(len(d.Each), "time", "times"))
		if d.Loop != nil {
			fact += ", in a crash loop"
		}
		if capacity.Faulty(c, d.Instance) {
			against = append(against, fact)
		} else {
			facts = append(facts, fact)
		}
	}
	if n := len(capacity.FullTimes(c)); n > 0 {
		against = append(against, fmt.Sprintf("it needed more instances than there may be, %s", units.Count(n, "time", "times")))
	}
	return against, facts
}

// withRecorded adds that to the step about the gateway.
func withRecorded(c *inference.Case, s report.Step, facts []string) (report.Step, []string) {
	against, beside := recorded(c)
	if len(against) > 0 {
		s.Result = report.Fail
	}
	return s, slices.Concat(against, beside, facts)
}
