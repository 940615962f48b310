package inference

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/activity"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/units"
)

// Deaths are what Causeway's activity log says of one instance that ended before it had drained.
type Deaths struct {
	Instance string
	Each     []Death
	Loop     *activity.Event // the longest pause before a start, if the supervisor had to pause
}

// Death is one of them.
type Death struct {
	activity.Event
	Back time.Time // when an instance of the same name served again; zero: not recorded
}

// Until is when an instance of the same name served again, or the death itself where that is not recorded.
func (d *Death) Until() time.Time { return units.Later(d.At, d.Back) }

// Since is the earliest time at which the instance may have died: its last sign of life, if nobody looked when it died.
func (d *Death) Since() time.Time {
	if d.Found {
		return d.At.Add(-d.Seen)
	}
	return d.At
}

// Text says when and how the instance died, and what was last seen open on it.
func (d *Death) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", units.Stamp(d.At), d.Event.Text())
	if d.Connections >= 0 {
		fmt.Fprintf(&b, "; it had %s", units.Count(d.Connections, "client connection", "client connections"))
		if d.Seen > 0 {
			fmt.Fprintf(&b, " %s before", units.Seconds(d.Seen))
		}
	}
	if !d.Back.IsZero() {
		fmt.Fprintf(&b, "; it served again after %s", units.Seconds(d.Back.Sub(d.At)))
	}
	return b.String()
}

// recordedAround is how long before the first request and after the last an event of the activity log still belongs to the traffic.
const recordedAround = time.Minute

// Recorded are the events of Causeway's own activity log within the time of the traffic, oldest first. Without traffic they are those of
// the last day: a gateway may have died before it served anybody.
func (c *Case) Recorded(kinds ...activity.Kind) (out []*activity.Event) {
	from, to := c.RecordedTime()
	for i := range c.Traffic.Activity {
		e := c.Traffic.Activity[i].Own
		if e == nil || e.At.Before(from) || e.At.After(to) {
			continue
		}
		for _, k := range kinds {
			if e.Kind == k {
				out = append(out, e)
			}
		}
	}
	return out
}

// RecordedTime is the time to which events of the activity log belong.
func (c *Case) RecordedTime() (from, to time.Time) {
	if c.Traffic.Requests > 0 {
		return c.Traffic.From.Add(-recordedAround), c.Traffic.To.Add(recordedAround)
	}
	if n := len(c.Traffic.Activity); n > 0 {
		to = c.Traffic.Activity[n-1].At
	}
	return to.Add(-24 * time.Hour), to
}

// Deaths lists the instances that died, by name.
func (c *Case) Deaths() (out []Deaths) {
	byInstance := map[string]*Deaths{}
	for _, e := range c.Recorded(activity.Death, activity.Ready, activity.CrashLoop) {
		d := byInstance[e.Instance]
		if d == nil {
			d = &Deaths{Instance: e.Instance}
			byInstance[e.Instance] = d
		}
		switch {
		case e.Kind == activity.Death:
			d.Each = append(d.Each, Death{Event: *e})
		case e.Kind == activity.CrashLoop && (d.Loop == nil || e.Backoff > d.Loop.Backoff):
			d.Loop = e
		case e.Kind == activity.Ready:
			d.servesAgain(e.At)
		}
	}
	for _, name := range units.SortedKeys(byInstance) {
		if d := byInstance[name]; len(d.Each) > 0 || d.Loop != nil {
			out = append(out, *d)
		}
	}
	return out
}

// servesAgain notes that another instance took the place of the one that died last. Nobody replaces one that was to end anyway.
func (d *Deaths) servesAgain(at time.Time) {
	for i := len(d.Each) - 1; i >= 0; i-- {
		if x := &d.Each[i]; !x.Draining {
			if x.Back.IsZero() {
				x.Back = at
			}
			return
		}
	}
}

// Within are the events of the instance that lie around its deaths: from so long before to so long after it served again.
func (d *Deaths) Within(events []*traffic.Event, before, after time.Duration) (inside []*traffic.Event) {
	periods := d.Periods(before, after)
	for _, e := range events {
		if Within(periods, e.Start) || Within(periods, e.At) {
			inside = append(inside, e)
		}
	}
	return inside
}

// Periods are the times around the deaths.
func (d *Deaths) Periods(before, after time.Duration) (out []Period) {
	for i := range d.Each {
		from, to := d.Each[i].Since().Add(-before), d.Each[i].Until().Add(after)
		if n := len(out); n > 0 && !from.After(out[n-1].To) {
			out[n-1].To = units.Later(out[n-1].To, to)
			continue
		}
		out = append(out, Period{From: from, To: to})
	}
	return out
}
