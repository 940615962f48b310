package connections

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// portLimit is a limit on one measure of connections, as Azure's log shows it by source ports: lost requests lie at one value of it, and
// answers below. A server may limit how long a connection is idle, how many requests it carries, and how old it gets. Whichever of them it
// is, answers lie beyond the values that the other two have at the lost requests.
type portLimit struct {
	of        traffic.Measure
	low, high int64 // of the lost requests

	below, inside, beyond int // answers on connections with less, as much, and more

	lost, n int     // lost requests; those of one moment once
	rebuilt int     // of the lost requests, those without a port
	chance  float64 // that what picks connections without regard to the measure loses only such requests, 0 to 1
}

// limitOf weighs one measure of lost requests, out of all that the member lost like that. Values no further apart than slack count as one.
func limitOf(c *inference.Case, k traffic.MemberKey, lost, all []*traffic.Event, of traffic.Measure, slack int64) portLimit {
	l := portLimit{of: of, lost: len(lost), n: inference.Independent(lost)}
	for i, e := range lost {
		v := measured(e, of)
		if i == 0 {
			l.low, l.high = v, v
		}
		l.low, l.high = min(l.low, v), max(l.high, v)
	}
	l.below, l.inside, l.beyond = c.Traffic.Member(k).Gaps.Beside(of, l.low-slack, l.high+slack)
	at := l.inside + l.beyond + len(lost)
	l.rebuilt = len(traffic.Filter(lost, func(e *traffic.Event) bool { return e.Rebuilt }))
	l.chance = stats.BinomialTail(len(lost), len(all), float64(at)/float64(at+l.below+len(all)-len(lost)))
	return l
}

// measured is what the log shows of a connection that broke.
func measured(e *traffic.Event, of traffic.Measure) int64 {
	switch of {
	case traffic.OfUses:
		return int64(e.Attempt.Uses)
	case traffic.OfAge:
		return int64(endAge(e))
	default:
		return int64(e.Attempt.Idle)
	}
}

// endAge is the age of a connection when it broke.
func endAge(e *traffic.Event) time.Duration { return e.Attempt.Age + traffic.Lasted(e) }

// holds reports whether a limit explains where the requests were lost: answers lie below, none beyond, and accident would not place all
// of them there.
func (l *portLimit) holds() bool {
	if l.of == traffic.OfIdle && 2*l.rebuilt > l.lost && l.inside < stats.MinEvents { // the gateway may keep none for so long
		return false
	}
	return l.n >= stats.MinEvents && l.below >= traffic.EnoughAnswers && 10*l.beyond <= l.lost && measures*l.chance < stats.Significance
}

// shown reports whether the rows of most lost requests name their connections. One that the other rows leave for a lost request may have
// been closed in good order before, and a new one been refused.
func (l *portLimit) shown() bool { return 2*l.rebuilt <= l.lost }

// measures is how many there are to choose from.
const measures = 3

// refuted reports whether members answer as many requests beyond the values as were lost at them: then no limit lies there.
func (l *portLimit) refuted() bool { return l.beyond >= max(l.lost, stats.MinEvents) }

// portSlack is by how much two idle ages or ages may differ that are one: each is the difference of two stamps.
const portSlack = int64(time.Second)

// weighIdle rules an idle limit out where answers on connections that were idle for longer refute it, and keeps it as a rival elsewhere.
func (l *portLimit) weighIdle(f *inference.Finding) {
	if l.refuted() {
		f.RuleOut("c-idle-race", fmt.Sprintf("%d requests were answered on connections that had been idle for longer than %s, the longest of these",
			l.beyond, units.Seconds(time.Duration(l.high))))
		return
	}
	f.AddRivals("c-idle-race")
}

// weighUses does the same for a limit on the number of requests.
func (l *portLimit) weighUses(f *inference.Finding) {
	if l.refuted() || l.high-l.low > 1 && !l.holds() {
		f.RuleOut("c-keepalive-max-requests", fmt.Sprintf("the connections had carried between %d and %d requests", l.low, l.high))
		return
	}
	f.AddRivals("c-keepalive-max-requests")
}

// weighAge does the same for a limit on the age.
func (l *portLimit) weighAge(f *inference.Finding) {
	if l.refuted() || l.high-l.low > int64(longestSpread) {
		f.RuleOut("c-max-age", fmt.Sprintf("the connections ended at ages between %s and %s", units.Seconds(time.Duration(l.low)),
			units.Seconds(time.Duration(l.high))))
		return
	}
	f.AddRivals("c-max-age")
}

// suspectLimits leaves requests open that were lost where more than one measure of their connections has a limit, or none for certain.
func suspectLimits(c *inference.Case, k traffic.MemberKey, lost []*traffic.Event) {
	c.Suspect(lost,
		fmt.Sprintf("requests were lost on connections with one idle age, one age or one number of requests, and the log does not show which of the three it is, or whether a new connection was refused: look in the configuration of %s for the limits of a connection", k.Member),
		"c-idle-race", "c-keepalive-max-requests", "c-max-age", "b-stateful-idle-rst", "b-refused", "c-accept-queue")
}

// longestSpread is how far apart ages may lie that are one age, each known to a second on either side.
const longestSpread = 2 * time.Second

// lostOnUsed are the requests that Azure's log shows to have broken on connections used before, by member. A request that nobody ever
// answers is to blame itself, whatever its connection.
func lostOnUsed(c *inference.Case) (keys []traffic.MemberKey, groups map[traffic.MemberKey][]*traffic.Event) {
	return traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return traffic.ClosedSomehow(e) && !e.Ambiguous && e.Attempt.Reused && c.Traffic.Route(e.Route()).Answered > 0
	}), (*traffic.Event).Key)
}

// soonLost are those that broke sooner than an answer comes.
func soonLost(c *inference.Case, k traffic.MemberKey, lost []*traffic.Event) []*traffic.Event {
	fast := c.Traffic.Member(k).FastFor()
	return traffic.Filter(lost, func(e *traffic.Event) bool { return traffic.Lasted(e) <= fast })
}

// byPorts says how the log shows the connections of some events.
func byPorts(events []*traffic.Event) string {
	n := len(traffic.Filter(events, func(e *traffic.Event) bool { return e.Rebuilt }))
	switch n {
	case 0:
		return "rebuilt from source ports"
	case len(events):
		return "their rows have no source port: by those of the others, these connections were idle then and nobody used them again"
	default:
		return fmt.Sprintf("rebuilt from source ports; %d rows have none, and only connections that nobody used again fit them", n)
	}
}
