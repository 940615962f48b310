package connections

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/stats"
)

// AcceptQueue recognises c-accept-queue: the member accepts connections too slowly.
var AcceptQueue = inference.Analyzer{
	Name: "c-accept-queue", Requires: inference.Connects,
	Doc: "some attempts to connect to a member run into their timeout and others succeed late, at the intervals at which the kernel retries, while the member answers requests on open connections as before",
	Run: acceptQueue,
}

// ladder is the times after which an attempt to connect succeeds that was first dropped: Linux retries after one
// second, at first every second, on older kernels at doubled intervals.
var ladder = []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second, 7 * time.Second}

// acceptQueue: the member does not accept as fast as connections come, so its kernel drops attempts; those that are retried
// in time are taken.
func acceptQueue(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(inference.Is(fault.Network, fault.Connect, fault.Timeout)), (*traffic.Event).Key)
	for _, k := range keys {
		events, m := groups[k], c.Traffic.Member(k)
		late := 0
		for _, step := range ladder {
			late += m.Connect.Between(step-20*time.Millisecond, step+150*time.Millisecond)
		}
		quick := m.Connect.Between(0, 500*time.Millisecond)
		inTime := m.Answers.Between(events[0].Start, events[len(events)-1].At) - m.Fresh.Between(events[0].Start, events[len(events)-1].At)
		others := 0
		for o, x := range c.Traffic.Members {
			if o != k && o.Settings == k.Settings {
				for _, step := range ladder {
					others += x.Connect.Between(step-20*time.Millisecond, step+150*time.Millisecond)
				}
			}
		}
		if len(events)+late < stats.MinEvents || late < 3 || quick == 0 || others > late/4 {
			continue
		}
		f := c.Claim("c-accept-queue", events, inference.ScopeOf(events), inference.ConfidenceOf(inTime >= traffic.EnoughAnswers &&
			late >= stats.MinEvents))
		f.AddEvidence("access-log",
			fmt.Sprintf("%d attempts to connect to %s ran into their timeout, %d succeeded only when the kernel retried (after 1, 2, 3 … s), %d at once", len(events), k.Member, late, quick), events...)
		f.AddEvidence("access-log", fmt.Sprintf("meanwhile it answered %d requests on open connections", inTime))
		f.RuleOut("b-drop", "some attempts succeed")
		f.AddRivals("b-loss", "c-syn-limit")
		c.Expand(map[string]string{"address": k.Server.String()}, f)
	}
}
