package inference

import (
	"strings"
	"time"
)

// HealthyThroughout reports whether the metrics count no unhealthy member of a pool under settings while some time lasts; known tells
// whether they cover all of it. Members are not told apart there: only none of them and all of them say something of one.
func (c *Case) HealthyThroughout(pool, settings string, from, to time.Time) (healthy, known bool) {
	for i := range c.Traffic.Metrics {
		m := &c.Traffic.Metrics[i]
		if !strings.EqualFold(m.Name, "UnhealthyHostCount") || !ofBackend(m.Dimensions["backendsettingspool"], pool, settings) {
			continue
		}
		minutes := map[time.Time]bool{}
		for _, p := range m.Points {
			at := p.At.Truncate(time.Minute)
			if at.Before(from.Truncate(time.Minute)) || at.After(to) {
				continue
			}
			if p.Value() > 0 {
				return false, true
			}
			if p.Value() == 0 {
				minutes[at] = true
			}
		}
		return true, len(minutes) > int(to.Truncate(time.Minute).Sub(from.Truncate(time.Minute))/time.Minute)
	}
	return false, false
}

// ofBackend reports whether a dimension names a pool and settings, which Azure joins by a tilde; one that is left out stands for all.
func ofBackend(dimension, pool, settings string) bool {
	return dimension == "" || strings.EqualFold(dimension, pool+"~"+settings) || strings.EqualFold(dimension, settings+"~"+pool)
}
