package inference

import (
	"time"

	"causeway/internal/diagnose/traffic"
)

// Probing is how members are asked whether they are well.
type Probing struct {
	Path              string
	port              int // 0: that of the traffic
	Interval, Timeout time.Duration
	Threshold         int // failures in a row that take a member out
}

// Probing of the members under settings: as the document says, else Azure's default probe.
func (c *Case) Probing(settings string) Probing {
	p := Probing{Path: "/", Interval: 30 * time.Second, Timeout: 30 * time.Second, Threshold: 3}
	if x := c.ProbeOf(settings); x != nil {
		p = Probing{x.Path, x.Port, time.Duration(x.Interval) * time.Second, time.Duration(x.Timeout) * time.Second, x.UnhealthyThreshold}
	}
	return p
}

// TakesOut is within which time of its death the probes take a member out for certain.
func (p Probing) TakesOut() time.Duration {
	return time.Duration(p.Threshold)*p.Interval + p.Timeout
}

// Notices is how long after what it sees first a probe takes a member out, at the least.
func (p Probing) Notices() time.Duration {
	return time.Duration(p.Threshold-1) * p.Interval
}

// GoodBetween is how many requests the members of a pool answered well in a span of time, and how many ended badly.
func (c *Case) GoodBetween(k traffic.PoolKey, from, to time.Time) (good, bad int) {
	for _, e := range c.Traffic.Events {
		if e.PoolKey() == k && e.Tried && !e.At.Before(from) && !e.At.After(to) {
			bad += 1 << c.Traffic.Sample.Shift
			if e.Counted() {
				good -= 1 << c.Traffic.Sample.Shift // it is among the answers
			}
		}
	}
	return max(0, good+c.Traffic.AnsweredBetween(k, from, to)), bad
}
