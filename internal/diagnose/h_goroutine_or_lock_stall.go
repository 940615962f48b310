package diagnose

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/fault"
)

var stalledGateway = hypothesis{
	cause: "h-goroutine-or-lock-stall", needs: theTrace,
	test: "a timer ended the request, or its client gave up, after a time for half of which or more the gateway's own process stood still",
	look: gatewayStalled,
}

// A timer measures whoever is waited for only as long as somebody listens.
const (
	stalledMostly = 5 // tenths of a request for which the process stood still, from which that is the cause
	stalledPartly = 1 // from which nothing is concluded from how long something took
)

// gatewayStalled: the process that keeps the timers did not get to run. What it then takes for late may have been in time.
func gatewayStalled(q *inquiry) {
	events := q.unclaimed(func(e *event) bool { return endedByTime(e) && e.stoodStill(stalledMostly) })
	if len(events) > 0 {
		var stalled, taken time.Duration
		for _, e := range events {
			stalled, taken = stalled+e.stalled, taken+e.lasted()
		}
		f := q.claim("h-goroutine-or-lock-stall", events, Scope{}, High)
		f.says("access-log", fmt.Sprintf("%s ended by a timer or by a client that gave up, while the gateway's own process stood still for %s of %s altogether", count(len(events), "request", "requests"), seconds(stalled), seconds(taken)), events...)
		f.excludes("d-timeout-below-latency", "nobody listened for an answer most of the time")
		f.excludes("b-drop", "nobody listened for an answer most of the time")
		f.leaves("d-vm-freeze", "h-cpu")
		f.expect("gateway", 0, len(events), "bounded", "with a processor of its own the gateway hears what comes in time; what members would have said is not in the evidence")
		q.fill(map[string]string{}, f)
	}
	if some := q.unclaimed(func(e *event) bool { return endedByTime(e) && e.stoodStill(stalledPartly) }); len(some) > 0 {
		q.suspect(some, "the gateway's own process stood still for a part of these requests: look at its host at that time (steal time, other processes, a processor quota) before anything is concluded about members",
			"h-goroutine-or-lock-stall", "h-cpu", "d-vm-freeze", "d-timeout-below-latency", "b-drop", "j-client-abort")
	}
}

// endedByTime matches what ended because somebody had waited for too long.
func endedByTime(e *event) bool {
	return e.own && (e.fault.Kind == fault.Timeout || e.fault.Side == fault.Client && e.fault.Kind == fault.Closed)
}

// stoodStill reports whether the process did for so many tenths of the event.
func (e *event) stoodStill(tenths int64) bool {
	return e.stalled > 0 && 10*int64(e.stalled) >= tenths*int64(e.lasted())
}

func (e *event) lasted() time.Duration { return max(e.taken, time.Millisecond) }

// waited reports whether a request waited for anybody: one that met no healthy member, or a refusal, did not, and what it met
// a clock that stands still does not change.
func (e *event) waited() bool {
	return e.tried && e.fault.Kind != fault.Refused && e.fault.Kind != fault.Unreachable
}

// doubtTimes takes the confidence from findings that rest on how long something took, where the gateway's process stood
// still for a good part of the very requests. What a record saw, a certificate or a broken head, it saw all the same.
func (q *inquiry) doubtTimes() {
	for _, f := range q.findings {
		if f.Cause == "h-goroutine-or-lock-stall" || strings.ContainsRune("efik", rune(f.Cause[0])) {
			continue
		}
		var stalled, taken time.Duration
		for _, e := range q.events {
			if e.own && e.waited() && (q.causeOf(e) == f.Cause || q.causeOf(e) == "") && (f.Scope.Settings == "" || f.Scope.Settings == e.settings) {
				stalled, taken = stalled+e.stalled, taken+e.lasted()
			}
		}
		if stalled > 0 && 10*stalled >= stalledPartly*taken {
			f.Confidence = Low
			f.says("access-log", fmt.Sprintf("the gateway's own process stood still for %s of the %s that the failures took: it may have missed what came in time", seconds(stalled), seconds(taken)))
			f.may("h-goroutine-or-lock-stall")
		}
	}
}
