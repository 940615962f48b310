package inference

import (
	"time"

	"causeway/internal/diagnose/traffic"
)

// Probing is the way in which the gateway probes members.
type Probing struct {
	Path              string
	port              int // 0: that of the traffic
	Interval, Timeout time.Duration
	Threshold         int // failures in a row that take a member out
}

// Probing is that of the members under settings: the document's probe, or else Azure's default.
func (c *Case) Probing(settings string) Probing {
	p := Probing{Path: "/", Interval: 30 * time.Second, Timeout: 30 * time.Second, Threshold: 3}
	if x := c.ProbeOf(settings); x != nil {
		p = Probing{x.Path, x.Port, time.Duration(x.Interval) * time.Second, time.Duration(x.Timeout) * time.Second, x.UnhealthyThreshold}
	}
	return p
}

// TakesOut is the time within which probes certainly take a dead member out.
func (p Probing) TakesOut() time.Duration {
	return time.Duration(p.Threshold)*p.Interval + p.Timeout
}

// Notices is the least time from the first failed probe until the member is out.
func (p Probing) Notices() time.Duration {
	return time.Duration(p.Threshold-1) * p.Interval
}

// GoodBetween counts the requests that the members of a pool answered without an error in a span of time, and those that failed.
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
