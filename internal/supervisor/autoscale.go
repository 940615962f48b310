package supervisor

import (
	"context"
	"log/slog"
	"time"

	"causeway/internal/activity"
	"causeway/internal/gateway"
	"causeway/internal/scale"
)

// tend measures the instances until the gateway ends. One that may scale by itself is scaled; of any other it is noted when it
// is too small.
func (s *Supervisor) tend() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	var state scale.State
	full := false
	for {
		select {
		case <-tick.C:
		case <-s.quit:
			return
		}
		sample := s.sample(s.fleet.all())
		limits, ok := s.limits()
		if !ok {
			state = scale.State{}
			continue
		}
		switch d := state.Decide(sample, limits, time.Now()); {
		case d.Why == "":
		case d.Full:
			s.full(d)
			full = true
		case limits.Min < limits.Max:
			s.scaleBy(d)
		case full: // of fixed size, and no longer full: the load fell, or the size was changed
			s.note(activity.Event{Kind: activity.Scale, Caller: callerAutoscaler, From: d.Want, To: d.Want, Why: d.Why})
			full = false
		}
	}
}

// limits are how many instances there may be; false: nobody should judge now.
func (s *Supervisor) limits() (scale.Limits, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.document == nil || s.stopped || s.ending.Load() || s.giving.Load() {
		return scale.Limits{}, false
	}
	c := s.document.Config
	if c.Autoscale == nil {
		n := max(1, c.SKU.Capacity)
		return scale.Limits{Min: n, Max: n}, true
	}
	_, size := s.local.Sizes.Of(c.SKU)
	return scale.Limits{
		Min:        c.Autoscale.Min,
		Max:        mostOf(c),
		Room:       max(0, s.budgets.holder.Machine().Most(size)),
		Throughput: s.local.Autoscale.Throughput,
	}, true
}

// full notes that the gateway is as large as it may be, and too small.
func (s *Supervisor) full(d scale.Decision) {
	slog.Warn("the gateway is as large as it may be, and too small", "instances", d.Want, "because", d.Why)
	s.note(activity.Event{
		Kind: activity.Scale, Caller: callerAutoscaler, From: d.Want, To: d.Want, Full: true, Need: d.Need, Why: d.Why,
	})
}

// scaleBy follows a decision of the autoscaler.
func (s *Supervisor) scaleBy(d scale.Decision) {
	from := len(s.fleet.all())
	slog.Info("scaling", "from", from, "to", d.Want, "because", d.Why)
	err := s.scaleTo(d.Want)
	if err != nil {
		slog.Error("scaling failed", "to", d.Want, "error", err)
	}
	s.note(activity.Event{
		Kind: activity.Scale, Caller: callerAutoscaler, From: from, To: d.Want, Need: d.Need, Why: d.Why, Failed: err != nil,
	})
}

// scaleTo serves what is in force by so many instances.
func (s *Supervisor) scaleTo(want int) error {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	s.mu.Lock()
	before := s.scaled
	s.scaled = want
	s.mu.Unlock()
	err := s.fleet.deploy(context.Background(), s.inForce(), s.o.Drain)
	if err != nil {
		s.mu.Lock()
		s.scaled = before
		s.mu.Unlock()
	}
	return err
}

// want is how many instances a document asks for; of one that scales by itself, what the autoscaler has chosen within its
// bounds. s.mu is held.
func (s *Supervisor) want(c *gateway.Config) int {
	if c.Autoscale != nil {
		return min(max(1, c.Autoscale.Min, s.scaled), mostOf(c))
	}
	return max(1, c.SKU.Capacity)
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
