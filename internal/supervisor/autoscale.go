package supervisor

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"causeway/internal/activity"
	"causeway/internal/gateway"
	"causeway/internal/process"
	"causeway/internal/scale"
	"causeway/internal/store"
)

// tend measures the instances until the gateway ends. One that may scale by itself is scaled; of any other it is noted when it
// is too small.
func (s *Supervisor) tend() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	a := autoscaler{s: s}
	for {
		select {
		case <-tick.C:
			all := s.fleet.all()
			a.step(s.sample(all))
			s.replaceLeaving(all)
			s.endHung(all)
		case <-s.quit:
			return
		}
	}
}

// replaceLeaving starts another instance for each that drains without having been asked to by its supervisor: it got a signal.
func (s *Supervisor) replaceLeaving(all []*process.Process) {
	for _, p := range all {
		if p.Last().Draining && !s.life.in(ending) && s.fleet.retire(p) {
			slog.Warn("an instance got a signal to end; another takes its place", "number", p.Number, "pid", p.PID)
			go s.restart(p.Number)
		}
	}
}

// endHung ends instances that hang; what follows is that of any death.
func (s *Supervisor) endHung(all []*process.Process) {
	for _, p := range all {
		if s.sampler.unanswered(p.PID) >= cmp.Or(s.o.hungAfter, hungAfter) && p.Alive() {
			slog.Error("an instance has not answered for long; it is ended, and another takes its place", "number", p.Number, "pid", p.PID)
			p.Kill("it had not answered for long")
		}
	}
}

// autoscaler is what the samples so far have shown.
type autoscaler struct {
	s     *Supervisor
	state scale.State
	led   *store.Leadership // of a cluster, under which the state came about
	full  bool              // of fixed size, and noted as too small
}

// step follows one more sample.
func (a *autoscaler) step(sample scale.Sample) {
	if len(sample.Instances) == 0 { // nothing was measured yet
		return
	}
	limits, ok := a.s.limits()
	if !ok {
		a.state = scale.State{}
		return
	}
	if a.s.node != "" && limits.Min < limits.Max {
		if sample, ok = a.ofAll(sample); !ok {
			return
		}
	}
	switch d := a.state.Decide(sample, limits, time.Now()); {
	case d.Why == "":
	case d.Full:
		a.s.full(d)
		a.full = true
	case limits.Min < limits.Max:
		if err := a.s.scaleBy(d); err != nil { // the next samples decide anew
			a.state = scale.State{}
		}
	case a.full: // of fixed size, and no longer full: the load fell, or the size was changed
		a.s.Note(activity.Event{Kind: activity.Scale, Caller: callerAutoscaler, From: d.Want, To: d.Want, Why: d.Why})
		a.full = false
	}
}

// ofAll publishes what this node measured, and returns what all nodes did; false: another node leads and decides.
func (a *autoscaler) ofAll(own scale.Sample) (scale.Sample, bool) {
	a.s.publish(own)
	l := a.s.leads()
	if l != a.led { // what this node saw in an earlier time counts no more
		a.state, a.led = scale.From(a.s.scaledNow()), l
	}
	if l == nil {
		return own, false
	}
	return a.s.sampleOfAll(own), true
}

// limits are how many instances there may be; false: nobody should judge now.
func (s *Supervisor) limits() (scale.Limits, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != store.Running || s.life.in(handingOver, ending) {
		return scale.Limits{}, false
	}
	c := s.document.Config
	if c.Autoscale == nil || s.node != "" && c.Autoscale.Min == mostOf(c) { // each node of a cluster judges its own
		n := s.want(c)
		return scale.Limits{Min: n, Max: n}, n > 0
	}
	_, size := s.local.Sizes.Of(c.SKU)
	room := max(0, s.budgets.holder.Machine().Most(size))
	if s.node != "" {
		room = s.roomOfAll()
	}
	return scale.Limits{
		Min:        c.Autoscale.Min,
		Max:        mostOf(c),
		Room:       room,
		Throughput: s.local.Autoscale.Throughput,
	}, true
}

// full notes that the gateway is as large as it may be, and too small.
func (s *Supervisor) full(d scale.Decision) {
	slog.Warn("the gateway is as large as it may be, and too small", "instances", d.Want, "because", d.Why)
	s.Note(activity.Event{
		Kind: activity.Scale, Caller: callerAutoscaler, From: d.Want, To: d.Want, Full: true, Need: d.Need, Why: d.Why,
	})
}

// scaleBy follows a decision of the autoscaler.
func (s *Supervisor) scaleBy(d scale.Decision) error {
	from, to := len(s.fleet.all()), s.scaleTo
	if s.node != "" {
		from = s.wantedOfAll()
		to = func(want int) error { return s.scaleAll(want, d.Why) }
	}
	slog.Info("scaling", "from", from, "to", d.Want, "because", d.Why)
	err := to(d.Want)
	if err != nil {
		slog.Error("scaling failed", "to", d.Want, "error", err)
	}
	s.Note(activity.Event{
		Kind: activity.Scale, Caller: callerAutoscaler, From: from, To: d.Want, Need: d.Need, Why: d.Why, Failed: err != nil,
	})
	return err
}

// scaleTo serves what is in force by so many instances.
func (s *Supervisor) scaleTo(want int) error {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	s.mu.Lock()
	before := s.scaled
	runs := s.state == store.Running
	if runs {
		s.scaled = want
	}
	s.mu.Unlock()
	if !runs { // it was stopped or deleted meanwhile
		return nil
	}
	d := s.inForce()
	defer s.remember()
	err := s.fleet.deploy(context.Background(), d, s.o.Drain)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.scaled = before
		return err
	}
	s.serving = d.want
	return nil
}

// want is how many instances of a document run here: in a cluster this node's share. s.mu is held.
func (s *Supervisor) want(c *gateway.Config) int {
	all := s.wantOfAll(c)
	if s.node == "" {
		return all
	}
	return share(all, s.roster.names, s.node)
}

// wantOfAll is how many instances a document asks for; of one that scales by itself, what the autoscaler has chosen within its
// bounds. s.mu is held.
func (s *Supervisor) wantOfAll(c *gateway.Config) int {
	if c.Autoscale != nil {
		return min(max(1, c.Autoscale.Min, s.scaled), mostOf(c))
	}
	return max(1, c.SKU.Capacity)
}

// scaledNow is what the autoscaler has chosen; 0: nothing yet.
func (s *Supervisor) scaledNow() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.scaled
}

// wantedOfAll is how many instances all nodes shall have now.
func (s *Supervisor) wantedOfAll() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.document == nil {
		return 0
	}
	return s.wantOfAll(s.document.Config)
}

// mostInstances is how many a gateway has at most that scales by itself and names no bound (Azure's limit).
const mostInstances = 125

// mostOf is the upper bound of a document that scales by itself.
func mostOf(c *gateway.Config) int {
	if c.Autoscale.Max == 0 {
		return mostInstances
	}
	return max(1, c.Autoscale.Min, c.Autoscale.Max)
}
