package capacity

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// GoroutineOrLockStall recognises h-goroutine-or-lock-stall: the gateway's process paused.
var GoroutineOrLockStall = inference.Analyzer{
	Name: "h-goroutine-or-lock-stall", Requires: inference.Trace,
	Doc: "a timer ended the request, or its client gave up, after a time for half of which or more the gateway's own process stood still; clients that gave up beside such requests are left open",
	Run: gatewayStalled,
}

// A timer measures a member only as long as the gateway listens.
const (
	stalledMostly = 5 // tenths of a request for which the process stood still, from which that is the cause
	stalledPartly = 1 // from which nothing is concluded from how long something took
)

// gatewayStalled: the process that keeps the timers did not get to run. What it then takes for late may have been in time.
func gatewayStalled(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool { return endedByTime(e) && stoodStill(e, stalledMostly) })
	if len(events) > 0 {
		var stalled, taken time.Duration
		for _, e := range events {
			stalled, taken = stalled+e.Stalled, taken+lasted(e)
		}
		f := c.Claim("h-goroutine-or-lock-stall", events, report.Scope{}, report.High)
		f.AddEvidence("access-log",
			fmt.Sprintf("%s ended by a timer or by a client that gave up, while the gateway's own process stood still for %s of %s altogether",
				units.Count(len(events), "request", "requests"), units.Seconds(stalled), units.Seconds(taken)), events...)
		f.RuleOut("d-timeout-below-latency", "nobody listened for an answer most of the time")
		f.RuleOut("b-drop", "nobody listened for an answer most of the time")
		f.AddRivals("d-vm-freeze", "h-cpu")
		f.SetExpected("gateway", 0, len(events), "bounded",
			"with a processor of its own the gateway hears what comes in time; what members would have answered is not in the evidence")
		c.Expand(map[string]string{}, f)
	}
	if some := c.Unclaimed(func(e *traffic.Event) bool { return endedByTime(e) && stoodStill(e, stalledPartly) }); len(some) > 0 {
		c.Suspect(some,
			"the gateway's own process stood still for a part of these requests: look at its host at that time (steal time, other processes, a processor quota) before anything is concluded about members",
			"h-goroutine-or-lock-stall", "h-cpu", "d-vm-freeze", "d-timeout-below-latency", "b-drop", "j-client-abort")
	}
	if unread := leftUnread(c); len(unread) > 0 {
		c.Suspect(unread,
			"these clients left while the gateway's own process stood still during most of what failed within the same second: the log does not show for how long they had waited before the gateway read their requests",
			"h-goroutine-or-lock-stall", "h-capacity-max", "h-cpu", "j-client-abort", "j-client-rst-mid-download")
	}
}

// endedByTime matches what ended by a timer, or by a client that gave up.
func endedByTime(e *traffic.Event) bool { return e.Own && e.Fault.Kind == fault.Timeout || gaveUp(e) }

// gaveUp matches a client that ended its connection, whatever it had received by then.
func gaveUp(e *traffic.Event) bool {
	return e.Own && e.Fault.Side == fault.Client && (e.Fault.Kind == fault.Closed || e.Fault.Kind == fault.Reset)
}

// nearby is how far apart two failures may be for a gateway that stood still during one to have kept the other's client waiting.
const nearby = time.Second

// leftUnread are the clients that gave up beside failures during most of which the process stood still. The clock of a request starts
// when the gateway reads it, so that a client may have waited for a gateway whose standstill its own record does not show.
func leftUnread(c *inference.Case) []*traffic.Event {
	beside := map[*traffic.Event]bool{}
	for _, list := range byInstance(c) {
		first, next := 0, 0
		for _, e := range list {
			for next < len(list) && list[next].At.Sub(e.At) <= nearby {
				next++
			}
			for e.At.Sub(list[first].At) > nearby {
				first++
			}
			beside[e] = mostStoodStill(list[first:next])
		}
	}
	return c.Unclaimed(func(e *traffic.Event) bool { return gaveUp(e) && beside[e] })
}

// mostStoodStill reports whether the process stood still during most of the failures, and not just during some.
func mostStoodStill(events []*traffic.Event) bool {
	n := 0
	for _, e := range events {
		if stoodStill(e, stalledPartly) {
			n++
		}
	}
	return n >= stats.MinEvents && 2*n > len(events)
}

// byInstance are the failures that ended by a timer or by a client, of each instance, in the order of time.
func byInstance(c *inference.Case) map[string][]*traffic.Event {
	out := map[string][]*traffic.Event{}
	for _, e := range c.Traffic.Events {
		if endedByTime(e) {
			out[e.Instance] = append(out[e.Instance], e)
		}
	}
	for _, list := range out {
		traffic.SortByTime(list)
	}
	return out
}

// stoodStill reports whether the process did for so many tenths of the event.
func stoodStill(e *traffic.Event, tenths int64) bool {
	return e.Stalled > 0 && 10*int64(e.Stalled) >= tenths*int64(lasted(e))
}

func lasted(e *traffic.Event) time.Duration { return max(e.Taken, time.Millisecond) }

// waited reports whether a request waited for anybody: one that met no healthy member, or a refusal, did not, and what it met
// a process that does not run cannot change.
func waited(e *traffic.Event) bool {
	return e.Tried && e.Fault.Kind != fault.Refused && e.Fault.Kind != fault.Unreachable
}

// DoubtTimes takes the confidence from findings that rest on how long something took, where the gateway's process stood
// still for a good part of the very requests. What a record saw, a certificate or a broken head, it saw all the same. Where the gateway
// itself is to blame, that it stood still speaks for it.
func DoubtTimes(c *inference.Case) {
	for _, f := range c.Findings {
		if strings.ContainsRune("efhik", rune(f.Cause[0])) {
			continue
		}
		var stalled, taken time.Duration
		for _, e := range c.Traffic.Events {
			if e.Own && waited(e) && (c.CauseOf(e) == f.Cause || c.CauseOf(e) == "") && (f.Scope.Settings == "" ||
				f.Scope.Settings == e.Settings) {
				stalled, taken = stalled+e.Stalled, taken+lasted(e)
			}
		}
		if stalled > 0 && 10*stalled >= stalledPartly*taken {
			f.Confidence = report.Low
			f.AddEvidence("access-log",
				fmt.Sprintf("the gateway's own process stood still for %s of the %s that the failures took: it may have missed what came in time", units.Seconds(stalled), units.Seconds(taken)))
			f.AddOpenRivals("h-goroutine-or-lock-stall")
		}
	}
}
