package diagnose

import (
	"fmt"

	"causeway/internal/activity"
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
	full := 0
	for _, e := range c.Recorded(activity.Scale) {
		if e.Full {
			full++
		}
	}
	if full > 0 {
		facts = append(facts, fmt.Sprintf("it needed more instances than there may be, %s", units.Count(full, "time", "times")))
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
