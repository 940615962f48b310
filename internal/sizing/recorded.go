package sizing

import (
	"fmt"
	"time"

	"causeway/internal/activity"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/units"
)

// judgeRecorded goes by the activity log, where the gateway was not asked: its autoscaler wrote down when it needed more instances than
// there may be. false: it never did.
func (c *Report) judgeRecorded(t *traffic.Summary) bool {
	times, now, need := 0, 0, 0
	var first *activity.Event
	for i := range t.Activity {
		e := t.Activity[i].Own
		if e == nil || e.Kind != activity.Scale || !e.Full || e.At.Before(t.From) || e.At.After(t.To) {
			continue
		}
		if times++; first == nil {
			first = e
		}
		if e.Need > need {
			now, need = e.To, e.Need
		}
	}
	if first == nil {
		return false
	}
	c.Judgement = fmt.Sprintf("too small: the gateway needed more instances than there may be, %s, first at %s (%s)",
		units.Count(times, "time", "times"), units.Stamp(first.At), first.Why)
	if d := RecordedDemand(t, now); need > 0 && d.Known() {
		need = d.Need(now)
		c.Judgement += "; " + d.Text()
	}
	if c.Need = need; need > 0 {
		c.Advice = append(c.Advice, InstanceAdvice(t, now, need,
			"that is what the load showed of itself while the budgets cut it off: look again once they run, with causeway capacity --live")...)
	}
	return true
}

// recognised is how long, at most, a gateway is full before its autoscaler has seen enough samples to say so.
const recognised = 10 * time.Second

// RecordedDemand counts the clients that came while the gateway was full with so many instances, as its activity log has it.
func RecordedDemand(t *traffic.Summary, instances int) (sum Demand) {
	var since time.Time // it has been full; zero: it is not
	add := func(to time.Time) {
		d := DemandOf(t, since, to)
		sum = Demand{sum.Came + d.Came, sum.Served + d.Served, sum.Over + d.Over}
	}
	for i := range t.Activity {
		e := t.Activity[i].Own
		if e == nil || e.Kind != activity.Scale {
			continue
		}
		if !since.IsZero() {
			add(e.At)
		}
		if since = (time.Time{}); e.Full && e.To == instances {
			since = e.At.Add(-recognised)
		}
	}
	if !since.IsZero() {
		add(t.To.Add(time.Second))
	}
	return sum
}
