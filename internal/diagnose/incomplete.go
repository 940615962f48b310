package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/report"
	"causeway/internal/units"
)

// complete is the part of the answers that a metric counts which a log must have: both are of the same requests, and differ
// by those that lie across the edge of a minute.
const complete = 0.9

// enoughCounted is how many answers it takes before the edges of minutes do not matter.
const enoughCounted = 100

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
		return missing, false
	}
	return report.Missing{
		What: "rows of the access log",
		Why:  fmt.Sprintf("the metric %s counts %.0f answers in the time that the log covers, and the log has %d (%s): what failed besides is not counted here", name, answers, found, units.Percent(found, int(answers))),
		How:  "export the log again, whole: a query answers with so many rows at most, and a diagnostic setting writes late; causeway collect asks for it piece by piece",
	}, true
}
