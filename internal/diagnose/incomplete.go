package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// complete is the part of the answers that a metric counts which a log must have: both are of the same requests, and differ
// by those that lie across the edge of a minute.
const complete = 0.9

// enoughCounted is how many answers it takes before the edges of minutes do not matter.
const enoughCounted = 100

// failuresMissing reports failures that the gateway counted in the time that the log covers, of which the log has none: a log that lacks a
// few rows, or those of one node, would call everything well.
func failuresMissing(c *inference.Case) (report.Missing, bool) {
	n := unlogged(c)
	return report.Missing{
		What: "rows of the access log",
		Why:  fmt.Sprintf("the metric ResponseStatus counts %d answers with a 5xx in the time that the log covers, and the log has no failure: those requests are not counted here", n),
		How:  "collect the log again, whole: in a cluster each node has its own; in Azure a query answers with so many rows at most",
	}, n > 0
}

// unlogged is how many failures the metrics count of which the log has none; 0 where it has some, or they are few.
func unlogged(c *inference.Case) int {
	failed, counted := 0.0, countsOf(c, "ResponseStatus", "5xx")
	for at, n := range counted {
		if !at.Before(c.Traffic.From) && !at.Add(grainOf(counted)).After(c.Traffic.To) {
			failed += n
		}
	}
	if failed < stats.MinEvents || c.Traffic.Failures > 0 || len(c.Traffic.Events) > 0 {
		return 0
	}
	return int(failed)
}

// rowsMissing reports that the log lacks rows, by the gateway's own count of its answers: an export that was cut off
// looks like a quiet time, and a cause that is not in it like none.
func rowsMissing(c *inference.Case) (missing report.Missing, lacking bool) {
	name := "ResponseStatus"
	counted := countsOf(c, name, "")
	if len(counted) == 0 {
		name = "TotalRequests"
		counted = countsOf(c, name, "")
	}
	grain := grainOf(counted)
	if len(counted) == 0 || c.Traffic.Requests == 0 {
		return missing, false
	}
	rows := map[time.Time]int{}
	for _, i := range c.Traffic.Line.List() {
		rows[i.At.Truncate(grain)] += i.Requests
	}
	answers, found := 0.0, 0
	for at, n := range counted {
		if !at.Before(c.Traffic.From) && !at.Add(grain).After(c.Traffic.To) {
			answers, found = answers+n, found+rows[at.Truncate(grain)]
		}
	}
	if answers < enoughCounted || float64(found) >= complete*answers {
		return failuresMissing(c)
	}
	return report.Missing{
		What: "rows of the access log",
		Why:  fmt.Sprintf("the metric %s counts %.0f answers in the time that the log covers, and the log has %d (%s): what failed besides is not counted here", name, answers, found, units.Percent(found, int(answers))),
		How:  "export the log again, whole: a query answers with so many rows at most, and a diagnostic setting writes late; causeway collect asks for it piece by piece",
	}, true
}
