package diagnose

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/accesslog"
)

// losses are records that the gateway could not keep, as the gaps in its log say.
type losses struct {
	records  int64
	gaps     map[accesslog.Lost]bool // that were counted: a file may be among the evidence twice
	from, to time.Time
}

// maxLostGaps bounds what is remembered of gaps; one more is counted whether or not it was seen before.
const maxLostGaps = 10_000

// see counts a gap in the log of the gateway that is diagnosed, within the time that is asked for.
func (s *losses) see(l accesslog.Lost, o Options, left *leftOut) {
	name := gatewayIn(l.ResourceID)
	switch other := left.gateway != "" && name != "" && !strings.EqualFold(name, left.gateway); {
	case other || s.gaps[l]:
		return
	case !o.Since.IsZero() && l.Until.Before(o.Since), !o.Until.IsZero() && !l.From.Before(o.Until):
		return
	}
	if s.gaps == nil {
		s.gaps = map[accesslog.Lost]bool{}
	}
	if len(s.gaps) < maxLostGaps {
		s.gaps[l] = true
	}
	if s.records += l.Records; s.from.IsZero() || l.From.Before(s.from) {
		s.from = l.From
	}
	s.to = later(s.to, l.Until)
}

// missing says how many records the log lacks. running is how many the gateway that runs counts itself: a gap is written into the log
// only once a record can be kept again.
func (s *losses) missing(running int64) (Missing, bool) {
	n := max(s.records, running)
	if n == 0 {
		return Missing{}, false
	}
	why := were(n, "record") + " lost"
	switch {
	case s.records == 0:
		why += " by the gateway since it started"
	case len(s.gaps) == 1:
		why += fmt.Sprintf(" between %s and %s", stamp(s.from), stamp(s.to))
	default:
		why += fmt.Sprintf(" in %d gaps between %s and %s", len(s.gaps), stamp(s.from), stamp(s.to))
	}
	return Missing{
		What: "lost records of the access log", Why: why + ", for the gateway could not keep them: what they would tell is missing here, and counts and rates are of the rest",
		How: "the gateway's own log says why, mostly a disk that was full or slow; causeway_log_records_lost_total counts them",
	}, true
}

// were counts with the verb: 1 record was, 2 records were.
func were(n int64, one string) string {
	if n == 1 {
		return "1 " + one + " was"
	}
	return fmt.Sprintf("%d %ss were", n, one)
}
