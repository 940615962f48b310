package inference

import (
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// A mechanism shows in how its failures lie: what strikes one process fails at one member, what all members share fails at all of them, an
// event comes in bursts, a limit of connections comes at all times. Such a shape proves no cause, but it makes some likelier than others.

// shape is a pattern in which failures lie, with the causes whose mechanism makes it.
type shape = reason[*Pattern]

// Pattern is how a group of failures lies in place and time.
type Pattern struct {
	c      *Case
	events []*traffic.Event // in order of time
	where  *report.Where    // nil: no place stands out
}

var (
	ofOneProcess = []string{
		"c-restart", "g-oom-kill", "g-worker-recycle", "d-worker-timeout-kill", "d-gc-pause", "d-vm-freeze", "g-event-loop-block",
		"g-io-stall", "g-noisy-member", "g-head-of-line-member", "a-slow-eviction", "a-not-ready-yet", "a-fast-readmit", "b-refused",
		"c-accept-queue", "c-backend-conn-limit", "c-backend-fd", "c-ignores-sigterm-listener-close", "c-drain-too-short", "c-scale-in",
		"c-endpoint-lag", "b-ip-reused", "f-partial-rotation", "d-cold-start", "b-stateful-idle-drop", "b-node-local",
	}
	ofWhatIsShared = []string{
		"d-db-lock", "g-dependency-down", "g-conn-pool-db", "g-cpu-queueing", "g-worker-pool", "g-retry-storm", "g-thundering-herd",
		"b-transit-flap", "b-drop", "b-route", "b-loss", "i-wrong-port", "i-recent-change", "c-deploy-no-drain", "h-autoscale-lag", "h-cpu",
		"h-capacity-max", "a-probe-too-deep", "d-cron-contention", "c-idle-race", "b-stateful-idle-rst", "d-timeout-below-latency",
	}
	ofWhatIsAsked = []string{
		"g-crash-on-input", "e-bad-header", "e-status-line", "e-header-too-big", "e-cl-te", "e-uri-rejected", "e-bad-chunk", "e-short-body",
		"d-slow-route", "d-hung", "d-longpoll-equals-timer", "d-slow-first-byte", "d-slow-body", "d-read-gap", "d-inner-timeout",
		"d-timeout-below-latency", "j-too-large", "i-wrong-pool",
	}
	ofEvents = []string{
		"c-restart", "g-oom-kill", "c-deploy-no-drain", "c-ignores-sigterm-listener-close", "c-drain-too-short", "c-scale-in",
		"c-gateway-reload", "d-gc-pause", "d-vm-freeze", "g-event-loop-block", "g-io-stall", "d-db-lock", "g-dependency-down",
		"b-transit-flap", "d-cron-contention", "g-thundering-herd", "a-slow-eviction", "a-probe-too-deep", "c-endpoint-lag",
	}
	ofAllTimes = []string{
		"c-idle-race", "c-keepalive-max-requests", "c-max-age", "b-stateful-idle-rst", "b-stateful-idle-drop", "c-close-at-once",
		"d-slow-route", "d-timeout-below-latency", "d-hung", "g-crash-on-input", "b-loss", "j-short-body", "j-client-abort",
		"j-client-timer-spike", "e-header-too-big", "e-bad-header", "e-short-body", "e-bad-chunk", "e-cl-te",
	}
)

// shapes are tried in this order; the first that holds is the reason given for a cause.
var shapes = []shape{
	{"only one path fails so, and this lies in what is asked for", ofWhatIsAsked, (*Pattern).onePath},
	{"only one member fails so, and this strikes one process or its machine", ofOneProcess, (*Pattern).oneMember},
	{"they come in bursts with quiet between, as an event makes them", ofEvents, (*Pattern).bursts},
	{"they lie apart over most of the time, as a limit makes them and no event does", ofAllTimes, (*Pattern).scattered},
	{"members fail alike, so that what they share is likelier than any one of them", ofWhatIsShared, (*Pattern).alike},
}

// Shaped is the reason that the shape of failures gives for a cause; empty for the others.
func (c *Case) Shaped(events []*traffic.Event, where *report.Where) func(id string) string {
	if len(events) < stats.MinEvents {
		return func(string) string { return "" }
	}
	return given(shapes, &Pattern{c, events, where})
}

// stands reports whether a place stands out by more than a suspicion.
func (p *Pattern) stands() bool { return p.where != nil && p.where.Confidence != report.Low }

func (p *Pattern) onePath() bool { return p.stands() && p.where.Path != "" }

func (p *Pattern) oneMember() bool { return p.stands() && p.where.Member != "" }

// alike reports whether several members have their part of the failures, and none stands out.
func (p *Pattern) alike() bool {
	if p.where != nil && (p.where.Member != "" || p.where.Path != "") {
		return false
	}
	members, of := traffic.GroupBy(p.events, (*traffic.Event).Key)
	for _, k := range members {
		if k.Member == "" || len(of[k])*len(members)*2 < len(p.events) {
			return false
		}
	}
	return len(members) > 1
}

// inRuns are the events that lie in runs of three or more, each soon after the one before, and the time that the runs take together.
func (p *Pattern) inRuns() (n int, lasting time.Duration) {
	from := 0
	for i := range p.events {
		soon := traffic.Quiet + p.events[i].Resolution()
		if i+1 < len(p.events) && p.events[i+1].At.Sub(p.events[i].At) <= soon {
			continue
		}
		if i+1-from >= 3 {
			n, lasting = n+i+1-from, lasting+p.events[i].At.Sub(p.events[from].At)
		}
		from = i + 1
	}
	return n, lasting
}

// bursts reports whether nearly all lie in runs that take a small part of the time for which there is a log.
func (p *Pattern) bursts() bool {
	n, lasting := p.inRuns()
	return 10*n >= 9*len(p.events) && 4*lasting < p.c.Traffic.To.Sub(p.c.Traffic.From)
}

// scattered reports whether few lie in runs, and all together over most of the time.
func (p *Pattern) scattered() bool {
	n, _ := p.inRuns()
	over := p.events[len(p.events)-1].At.Sub(p.events[0].At)
	return 4*n <= len(p.events) && 2*over > p.c.Traffic.To.Sub(p.c.Traffic.From)
}
