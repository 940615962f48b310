package traffic

import (
	"slices"
	"strings"
	"time"

	"causeway/internal/diagnose/health"
	"causeway/internal/units"
)

// ReasonAt is the reason for which the members of the event's pool were out when it failed. Where they differ it is the one of
// most members.
func (t *Summary) ReasonAt(e *Event) health.Change {
	counts := map[health.Change]int{}
	var best health.Change
	for i := range t.Histories {
		t := &t.Histories[i]
		if !strings.EqualFold(t.Pool, e.Pool) || !strings.EqualFold(t.Settings, e.Settings) {
			continue
		}
		c, known := t.At(e.At)
		if !known {
			c, known = health.Now(t)
		}
		if !known || c.Up {
			continue
		}
		c.At = best.At
		if counts[c]++; best.Reason == "" || counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// StalledOut reports whether the instance of an event had every member of its pool out because it did not get to run while it probed, and
// since when.
func (t *Summary) StalledOut(e *Event) (since time.Time, ok bool) {
	for _, h := range t.HistoriesUnder(e.Pool, e.Settings) {
		change, known := h.SeenBy(e.Instance).At(e.At)
		if !known || change.Up || change.Code != health.GatewayStalled {
			return time.Time{}, false
		}
		since, ok = units.Later(since, change.At), true
	}
	return since, ok
}

// SomeHealthy reports whether members of a pool are healthy in a report that has no history.
func (t *Summary) SomeHealthy(pool, settings string) bool {
	return slices.ContainsFunc(t.Histories, func(t health.History) bool {
		now, known := health.Now(&t)
		return known && now.Up && strings.EqualFold(t.Pool, pool) && strings.EqualFold(t.Settings, settings)
	})
}

// HistoriesUnder are the histories of the members of a pool under settings.
func (t *Summary) HistoriesUnder(pool, settings string) []*health.History {
	var out []*health.History
	for i := range t.Histories {
		if t := &t.Histories[i]; strings.EqualFold(t.Pool, pool) && strings.EqualFold(t.Settings, settings) {
			out = append(out, t)
		}
	}
	return out
}

// HistoryOf finds the history of the member that an event met.
func (t *Summary) HistoryOf(e *Event) *health.History {
	for i := range t.Histories {
		t := &t.Histories[i]
		if strings.EqualFold(t.Settings, e.Settings) && t.Member == e.Member && (t.Dial == "" || !e.Server.IsValid() ||
			t.Dial == e.Server.String()) {
			return t
		}
	}
	return nil
}
