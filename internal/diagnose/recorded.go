package diagnose

import (
	"fmt"

	"causeway/internal/diagnose/analyzers/capacity"
	"causeway/internal/diagnose/inference"
	"causeway/internal/report"
	"causeway/internal/units"
)

// recorded says what Causeway's activity log has against the gateway itself: instances that died, and times in which it was full.
func recorded(c *inference.Case) (facts []string) {
	for _, d := range c.Deaths() {
		fact := fmt.Sprintf("instance %s died %s", d.Instance, units.Count(len(d.Each), "time", "times"))
		if d.Loop != nil {
			fact += ", in a crash loop"
		}
		facts = append(facts, fact)
	}
	if n := len(capacity.FullTimes(c)); n > 0 {
		facts = append(facts, fmt.Sprintf("it needed more instances than there may be, %s", units.Count(n, "time", "times")))
	}
	return facts
}

// withRecorded adds that to the step about the gateway.
func withRecorded(c *inference.Case, s report.Step, facts []string) (report.Step, []string) {
	against := recorded(c)
	if len(against) > 0 {
		s.Result = report.Fail
	}
	return s, append(against, facts...)
}
