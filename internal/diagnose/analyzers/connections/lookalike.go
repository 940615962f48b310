package connections

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/cause"
	"causeway/internal/diagnose/traffic"
)

// mostAlike bounds how many servers are named as having a limit.
const mostAlike = 4

// lookalike names servers that close idle connections at ages from low to high as they come. hint is the limit that the member
// announces; negative: it announces none; 0: that is not known.
func lookalike(low, high, hint time.Duration) string {
	if hint > 0 && (high-hint-time.Second).Abs() <= traffic.Tolerance(high) && low == high {
		return ". Ending a second after the announced limit is what Node.js does from 20.18 on"
	}
	names := alike(low, high, hint)
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return "; that is the default of " + names[0]
	case n > mostAlike:
		return fmt.Sprintf("; that is the default of %s and %d others", strings.Join(names[:mostAlike-1], ", "), n-mostAlike+1)
	default:
		return "; that is the default of " + strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// alike are the servers whose closes lie where the member's do: at its limit, or in a band that holds all of its closes and is no
// wider than what few closes may show of it.
func alike(low, high, hint time.Duration) (names []string) {
	for _, s := range cause.ServerDefaults() {
		one := low == high
		switch {
		case hint < 0 && s.Announce > 0, hint > 0 && (s.Announce-hint).Abs() > traffic.Tolerance(hint):
		case !s.Holds(low, traffic.Tolerance(low)) || !s.Holds(high, traffic.Tolerance(high)):
		case !one && (!s.Spreads() || 2*(high-low) < s.Last-s.Idle):
		default:
			names = append(names, s.Name())
		}
	}
	return names
}
