package diagnose

import (
	"strings"
	"time"
)

// probing is how members are asked whether they are well.
type probing struct {
	path              string
	port              int // 0: that of the traffic
	interval, timeout time.Duration
	threshold         int // failures in a row that take a member out
}

// probing of the members under settings: as the document says, else Azure's default probe.
func (q *inquiry) probing(settings string) probing {
	p := probing{path: "/", interval: 30 * time.Second, timeout: 30 * time.Second, threshold: 3}
	if x := q.probeOf(settings); x != nil {
		p = probing{x.Path, x.Port, time.Duration(x.Interval) * time.Second, time.Duration(x.Timeout) * time.Second, x.UnhealthyThreshold}
	}
	return p
}

// takesOut is within which time of its death the probes take a member out for certain.
func (p probing) takesOut() time.Duration {
	return time.Duration(p.threshold)*p.interval + p.timeout
}

// notices is how long after what it sees first a probe takes a member out, at the least.
func (p probing) notices() time.Duration {
	return time.Duration(p.threshold-1) * p.interval
}

// trailsUnder are the histories of the members of a pool under settings.
func (t *tally) trailsUnder(pool, settings string) []*trail {
	var out []*trail
	for i := range t.trails {
		if t := &t.trails[i]; strings.EqualFold(t.pool, pool) && strings.EqualFold(t.settings, settings) {
			out = append(out, t)
		}
	}
	return out
}

// goodBetween is how many requests the members of a pool answered well in a span of time, and how many ended badly.
func (q *inquiry) goodBetween(k poolKey, from, to time.Time) (good, bad int) {
	for _, e := range q.events {
		if e.poolKey() == k && e.tried && !e.at.Before(from) && !e.at.After(to) {
			bad += 1 << q.sample.shift
			if e.tallied() {
				good -= 1 << q.sample.shift // it is among the answers
			}
		}
	}
	return max(0, good+q.answeredBetween(k, from, to)), bad
}
