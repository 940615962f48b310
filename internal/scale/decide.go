package scale

import (
	"fmt"
	"math"
	"time"

	"causeway/internal/units"
)

// When to scale. The three loads lie far enough apart that a constant load never scales out and in by turns: after scaling out, the load
// is at most aim; scaling in needs a load that is at most calm on one instance fewer.
const (
	hot       = 0.80 // load of what is there, above which the gateway grows
	hotCount  = 2    // samples in a row
	aim       = 0.70 // load after it has grown
	saturated = 0.95 // compute from which the demand is unknown: the budget cuts it off
	calm      = 0.60 // load on one instance fewer, up to which the gateway shrinks
	calmTime  = 5 * time.Minute
	gap       = 5 // intervals without a sample, after which what was seen before counts no more
)

// Limits bound the number of instances.
type Limits struct {
	Min, Max   int  // of the document; a Min below 1 is 1, a Max below Min is Min
	Room       int  // instances whose budgets fit here; 0: unknown. Beyond it more instances give no more, but Min counts more
	Throughput bool // count Azure's units of throughput too
}

// Decision is how many instances to run.
type Decision struct {
	Want int    // instances
	Why  string // what led to a change of Want or of Full, in a sentence; empty: nothing new
	Full bool   // at the most there may be, and still too small: h-capacity-max
	Need int    // with Full: instances that the load needs, as far as it shows; 0: not computed this time
}

// State is what earlier samples showed. The zero value has seen none: the first sample's instances are what there is.
type State struct {
	want int
	hots int       // hot samples in a row
	calm time.Time // since when every sample was calm; zero: the last was not
	last time.Time // of the last sample
	full bool      // at the most there may be, until the load falls
}

// load is the busiest measure, in instances.
type load struct {
	instances float64
	measure   string
}

// From is the state of a gateway for which somebody has chosen so many instances already; 0: nobody has.
func From(want int) State { return State{want: want} }

// Decide takes a sample and says how many instances to run. With Min and Max alike it scales nothing and says whether they are enough.
// Samples come in the order of time. A few seconds between them are best: the gateway grows at the second sample that is hot.
func (s *State) Decide(sample Sample, limits Limits, now time.Time) Decision {
	limits = limits.tidy()
	there := len(sample.Instances)
	if s.want == 0 {
		s.want = there
	}
	if d, changed := s.clamp(limits); changed {
		return d
	}
	if sample.Interval <= 0 || there == 0 {
		return Decision{Want: s.want, Full: s.full}
	}
	s.forget(sample, now)
	l := busiest(sample.Units(), limits)
	share := l.instances / float64(there)
	if share > hot {
		return s.grow(l, there, limits)
	}
	if s.hots = 0; s.full && share <= aim {
		s.full = false
		return Decision{Want: s.want, Why: "no longer full: " + l.text(there)}
	}
	return s.shrink(l, limits, now)
}

// tidy gives limits that can be met. Room bounds growth, and never the minimum that was asked for.
func (l Limits) tidy() Limits {
	l.Min = max(1, l.Min)
	l.Max = max(l.Min, l.Max)
	return l
}

// most is up to where the gateway may grow.
func (l Limits) most() int {
	if l.Room > 0 && l.Room < l.Max {
		return max(l.Min, l.Room)
	}
	return l.Max
}

// clamp keeps to limits that have changed.
func (s *State) clamp(limits Limits) (Decision, bool) {
	want := min(max(s.want, limits.Min), limits.Max)
	if want == s.want {
		return Decision{}, false
	}
	why := fmt.Sprintf("the most may be %d", limits.Max)
	if want > s.want {
		why = fmt.Sprintf("the least is %d", limits.Min)
	}
	*s = State{want: want, last: s.last}
	return Decision{Want: want, Why: why}, true
}

// forget drops what was seen before a long gap: nobody knows what happened in it.
func (s *State) forget(sample Sample, now time.Time) {
	if !s.last.IsZero() && now.Sub(s.last) > gap*sample.Interval {
		s.hots, s.calm = 0, time.Time{}
	}
	s.last = now
}

func busiest(u Units, limits Limits) load {
	l := load{u.Compute, "compute"}
	if u.Connections > l.instances {
		l = load{u.Connections, "connections"}
	}
	if limits.Throughput && u.Throughput > l.instances {
		l = load{u.Throughput, "throughput"}
	}
	l.instances /= UnitsPerInstance
	return l
}

// grow follows a sample that is hot. Instances that were asked for and do not serve yet count as if they did.
func (s *State) grow(l load, there int, limits Limits) Decision {
	s.calm = time.Time{}
	if s.hots++; s.hots < hotCount {
		return Decision{Want: s.want, Full: s.full}
	}
	need := l.need(there)
	most := limits.most()
	if want := min(need, most); want > s.want {
		why := fmt.Sprintf("%s, in %d samples in a row; from %d to %d", l.text(there), hotCount, s.want, want)
		s.want, s.hots, s.full = want, 0, false
		return Decision{Want: want, Why: why}
	}
	if need <= s.want || there < s.want {
		return Decision{Want: s.want, Full: s.full}
	}
	d := Decision{Want: s.want, Full: true, Need: need}
	if !s.full {
		d.Why = fmt.Sprintf("capacity max: %s; %d are needed, and %s", l.text(there), need, limits.reason())
	}
	s.full = true
	return d
}

func (l load) need(there int) int {
	if l.measure == "compute" {
		return NeededByCompute(l.instances, there)
	}
	return Needed(l.instances)
}

// NeededByCompute is how many instances carry a load with something to spare. The load is measured in budgets of CPU, on so many
// instances. Where the budgets cut it off it may be of any height: twice as many instances show it.
func NeededByCompute(load float64, there int) int {
	if load >= saturated*float64(there) {
		return max(Needed(load), 2*there)
	}
	return Needed(load)
}

// Needed is how many instances carry a load with something to spare. The load is measured in instances that it fills.
func Needed(load float64) int { return int(math.Ceil(load/aim - 1e-9)) }

func (l load) text(there int) string {
	return fmt.Sprintf("%s in use: %.0f %% of %s", l.measure, 100*l.instances/float64(there), units.Count(there, "instance", "instances"))
}

// reason says what stops the gateway from growing.
func (l Limits) reason() string {
	if l.most() < l.Max {
		return fmt.Sprintf("the budgets of %d fit on this machine", l.Room)
	}
	return fmt.Sprintf("the most may be %d", l.Max)
}

// shrink follows a sample that is not hot: one instance fewer once all samples of some minutes were calm.
func (s *State) shrink(l load, limits Limits, now time.Time) Decision {
	stay := Decision{Want: s.want, Full: s.full}
	if s.want <= limits.Min || l.instances > calm*float64(s.want-1) {
		s.calm = time.Time{}
		return stay
	}
	if s.calm.IsZero() {
		s.calm = now
	}
	if now.Sub(s.calm) < calmTime {
		return stay
	}
	s.want, s.calm = s.want-1, now
	return Decision{
		Want: s.want,
		Why: fmt.Sprintf("calm for %.0f minutes: %s in use is that of %s; from %d to %d", calmTime.Minutes(), l.measure,
			units.Decimal(l.instances, 1)+" instances", s.want+1, s.want),
	}
}
