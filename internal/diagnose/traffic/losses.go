package traffic

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/units"
)

// Losses are records that the gateway could not keep, as the gaps in its log say.
type Losses struct {
	Records  int64
	Gaps     map[accesslog.Lost]bool // that were counted: a file may be among the evidence twice
	From, To time.Time
}

// maxLostGaps bounds what is remembered of gaps; one more is counted whether or not it was seen before.
const maxLostGaps = 10_000

// see counts a gap in the log of the gateway under diagnosis, within the requested time.
func (s *Losses) see(l accesslog.Lost, o Options, left *Excluded) {
	name := GatewayIn(l.ResourceID)
	switch other := left.Gateway != "" && name != "" && !strings.EqualFold(name, left.Gateway); {
	case other || s.Gaps[l]:
		return
	case !o.Since.IsZero() && l.Until.Before(o.Since), !o.Until.IsZero() && !l.From.Before(o.Until):
		return
	}
	if s.Gaps == nil {
		s.Gaps = map[accesslog.Lost]bool{}
	}
	if len(s.Gaps) < maxLostGaps {
		s.Gaps[l] = true
	}
	if s.Records += l.Records; s.From.IsZero() || l.From.Before(s.From) {
		s.From = l.From
	}
	s.To = units.Later(s.To, l.Until)
}

// WereLost counts with the verb: 1 record was, 2 records were.
func WereLost(n int64, one string) string {
	if n == 1 {
		return "1 " + one + " was"
	}
	return fmt.Sprintf("%d %ss were", n, one)
}
