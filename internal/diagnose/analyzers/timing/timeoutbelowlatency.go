package timing

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// TimeoutBelowLatency recognises d-timeout-below-latency: the request timeout is shorter than the backend's slow answers.
var TimeoutBelowLatency = inference.Analyzer{
	Name: "d-timeout-below-latency", Requires: inference.Log,
	Doc: "requests end at the request timeout, many answers came in the last third before it, and both come at any time, load and member",
	Run: timeoutBelowLatency,
}

// timeoutBelowLatency: the member does answer, but some answers take longer than the request timeout. Whether a longer
// one would help shows in the answers that did come: if many took nearly as long, the timer cuts through a slope and
// some of the rest would have come too.
func timeoutBelowLatency(c *inference.Case) {
	for _, l := range c.TimedOutGroups() {
		n, near := c.Extrapolate(len(l.Events)), l.Near()-c.Extrapolate(errorsNear(c, &l))
		if l.Limit == 0 || n < stats.MinEvents || near < 3 || 4*near < n || c.SeenSilence(l.Events) {
			continue
		}
		if !c.AtOneMember(&l) && !atSlowTimes(c, &l) && !c.InBursts(&l) {
			slowAnswers(c, &l, near)
		}
	}
}

// atSlowTimes leaves requests open that are late when all are slow, or when much comes. Where they do not come with the
// traffic, what is slow then is not short of processors for that reason.
func atSlowTimes(c *inference.Case, l *inference.TimedOutGroup) bool {
	high, low, slow := slowTimes(c, l)
	t := c.WithLoad(l.Events)
	busy := []string{"g-cpu-queueing", "g-worker-pool", "d-timeout-below-latency", "d-db-lock"}
	switch {
	case slow && (t.Rises() || c.ArrivalsText(l) != ""):
		c.Suspect(l.Events, slowTimesNext(high, low)+c.ArrivalsText(l)+"; compare load, processors and workers of the members then",
			append(busy, "g-dependency-down", "d-gc-pause", "h-autoscale-lag")...)
	case slow:
		c.Suspect(l.Events, slowTimesNext(high, low)+
			": look what the members waited for then, the locks, the services behind and their pauses, and how many workers were busy",
			"d-db-lock", "g-dependency-down", "g-worker-pool", "d-gc-pause", "g-cpu-queueing", "d-timeout-below-latency", "h-autoscale-lag")
	case t.Rises():
		c.Suspect(l.Events,
			fmt.Sprintf("they come when much traffic comes (%d of %d moments in the busier half): compare load, processors and workers of the members then", t.Upper, t.N), busy...)
	}
	return slow || t.Rises()
}

func slowTimesNext(high, low time.Duration) string {
	return fmt.Sprintf("at slow times an answer typically took %s, and %s at quick ones: it is the time that is slow and not the request", units.Seconds(high), units.Seconds(low))
}

func slowAnswers(c *inference.Case, l *inference.TimedOutGroup, near int) {
	confidence := report.Medium
	if near >= stats.MinEvents && 2*near >= c.Extrapolate(len(l.Events)) && !l.Assumed {
		confidence = report.High
	}
	f := c.Claim("d-timeout-below-latency", l.Events, l.Scope, confidence)
	f.AddEvidence("access-log", fmt.Sprintf("%d requests waited the whole request timeout of %s", len(l.Events), units.Seconds(l.Limit)),
		l.Events...)
	f.AddEvidence("access-log",
		fmt.Sprintf("%d answers came in the last third before it (slowest: %s of %d answers): the timeout cuts through the slower answers",
			near, units.Seconds(l.Route.Slowest()), l.Route.Answered))
	if _, changed := c.TimeoutNow(l.Scope.Settings); changed {
		// advise says so
	} else if l.Assumed {
		f.AddEvidence("access-log",
			fmt.Sprintf("the request timeout is not among the evidence; %s is where the requests without an answer end",
				units.Seconds(l.Limit)))
	} else {
		f.AddEvidence("configuration", fmt.Sprintf("requestTimeout of backend settings %q is %s", l.Scope.Settings, units.Seconds(l.Limit)))
	}
	f.RuleOut("d-hung", "if requests never finished, no answers would come just below the timeout")
	f.AddRivals("g-cpu-queueing", "d-slow-route")
	longer := inference.LongerThan(l.Limit)
	f.SetExpected("gateway", 0, len(l.Events), "bounded",
		fmt.Sprintf("how long the lost answers would have taken is not in the evidence; %s is the first step, its effect will show",
			units.Seconds(longer)))
	c.Advise(f, l, longer, map[string]string{"address": inference.Address(l.Events)})
}

// slowTimes compares the answers at slow times with those at quick ones. A timeout that cuts through the slower ones of
// equal requests leaves no great difference between times.
func slowTimes(c *inference.Case, l *inference.TimedOutGroup) (slow, quick time.Duration, differ bool) {
	if slow, quick, differ = timesOfWaiting(c, l); differ {
		return slow, quick, true
	}
	return timesByPace(c)
}

// timesOfWaiting compares the times at which requests to these backend settings waited in vain with all others. That the
// failures of one route alone would be few at a time does not matter: what makes the times slow makes them slow for all.
func timesOfWaiting(c *inference.Case, l *inference.TimedOutGroup) (during, otherwise time.Duration, differ bool) {
	bad := map[*traffic.Bucket]bool{}
	for _, e := range c.Traffic.Events {
		if !traffic.IsTimeout(e) || e.Settings != l.Scope.Settings {
			continue
		}
		for at := e.Start; !at.After(e.At); at = at.Add(c.Traffic.Line.Width) {
			if i := c.Traffic.Line.Around(at); i != nil {
				bad[i] = true
			}
		}
	}
	var in, out traffic.Bucket
	for _, i := range c.Traffic.Line.List() {
		if bad[i] {
			in.Join(i)
		} else {
			out.Join(i)
		}
	}
	if in.Answered < traffic.EnoughAnswers || out.Answered < traffic.EnoughAnswers {
		return 0, 0, false
	}
	return in.Typical(), out.Typical(), out.Waited > 0 && 2*in.Typical() >= 3*out.Typical() && in.SlowerBeyondChance(&out)
}

// timesByPace compares the quarter of the answers that came at the slowest times with that of the quickest, where there
// are enough answers in each time to know its pace.
func timesByPace(c *inference.Case) (slow, quick time.Duration, differ bool) {
	all, total := c.Traffic.Line.List(), 0
	all = slices.DeleteFunc(all, func(i *traffic.Bucket) bool { return i.Answered < stats.MinEvents })
	slices.SortStableFunc(all, func(a, b *traffic.Bucket) int { return cmp.Compare(a.Typical(), b.Typical()) })
	for _, i := range all {
		total += i.Answered
	}
	var low, high traffic.Bucket
	seen := 0
	for _, i := range all {
		seen += i.Answered
		if 4*seen <= total {
			low.Join(i)
		}
		if 4*(seen-i.Answered) >= 3*total {
			high.Join(i)
		}
	}
	if low.Answered < traffic.EnoughAnswers || high.Answered < traffic.EnoughAnswers {
		return 0, 0, false
	}
	apart := traffic.BeyondChance(all) * math.Log(float64(high.Typical())/float64(low.Typical()))
	return high.Typical(), low.Typical(), low.Waited > 0 && apart >= math.Log(4)
}

// errorsNear counts the answers in the last third before the timeout that were errors: those say nothing of how long a
// good answer would have taken.
func errorsNear(c *inference.Case, l *inference.TimedOutGroup) int {
	n := 0
	for _, e := range c.Traffic.Events {
		if e.Fault.Kind == fault.Status && e.Counted() && e.Settings == l.Scope.Settings && (l.Scope.Path == "" ||
			e.Path == l.Scope.Path) && traffic.Lasted(e) >= l.Limit*2/3 && traffic.Lasted(e) <= l.Limit {
			n++
		}
	}
	return n
}
