package supervisor

import (
	"log/slog"
	"time"

	"golang.org/x/sys/unix"

	"causeway/internal/activity"
	"causeway/internal/budget"
	"causeway/internal/process"
	"causeway/internal/units"
)

// instanceEnded is called once for each instance that has ended. One that served gets a successor.
func (s *Supervisor) instanceEnded(p *process.Process, was role) {
	used := s.budgets.release(p.PID)
	died := was != unused && !p.Exit().Drained
	if died {
		e := death(p, used)
		e.Draining = was == draining
		s.noteDeath(p, e)
	} else {
		slog.Info("an instance has ended", "number", p.Number, "pid", p.PID)
	}
	if was != serving || s.life.in(ending) {
		return
	}
	if died {
		s.metrics.Restarts.WithLabelValues(s.idOf(p.Number)).Inc()
	}
	s.restart(p.Number)
}

// noteFoundDead notes the instances that died while no supervisor looked after them.
func (s *Supervisor) noteFoundDead(dead []*process.Process) {
	for _, p := range dead {
		e := death(p, s.budgets.release(p.PID))
		e.Found = true
		s.noteDeath(p, e)
	}
}

// noteOrphaned notes that the supervisor before this one died: one that ends drains its instances, and leaves none to find.
func (s *Supervisor) noteOrphaned() {
	if s.predecessor.executed || len(s.adopted)+len(s.found) == 0 {
		return
	}
	e := activity.Event{Kind: activity.Orphaned, Found: true, Why: "the supervisor before this one died, and so did its instances"}
	if n := len(s.adopted); n > 0 {
		e.Why = "the supervisor before this one died; " + units.Count(n, "instance went", "instances went") + " on serving"
	}
	if !s.orphaned.IsZero() {
		e.Seen = max(0, time.Since(s.orphaned))
		e.Why += " without one since " + s.orphaned.UTC().Format(time.RFC3339)
	}
	s.Note(e)
	slog.Error("the supervisor before this one had not ended: " + e.Why)
}

// noteDeath writes the death of an instance into the activity log.
func (s *Supervisor) noteDeath(p *process.Process, e activity.Event) {
	e.Instance, e.Restarts = s.idOf(p.Number), s.fleet.restarts(p.Number)
	s.Note(e)
	slog.Error("an instance died", "number", p.Number, "pid", p.PID, "because", e.Text(), "connections", e.Connections,
		"last sign of life", e.Seen.Round(time.Millisecond).String()+" before")
}

// death is what is known of the end of an instance.
func death(p *process.Process, used budget.Usage) activity.Event {
	exit, now := p.Exit(), time.Now()
	e := activity.Event{
		Kind:        activity.Death,
		PID:         p.PID,
		ExitCode:    exit.Code,
		Connections: exit.Connections,
		OOM:         used.OOMKills > 0,
		Why:         exit.Why,
	}
	if !p.Started.IsZero() {
		e.Uptime = now.Sub(p.Started)
	}
	if !exit.Seen.IsZero() {
		e.Seen = max(0, now.Sub(exit.Seen))
	}
	switch {
	case !exit.Known:
		e.ExitCode = -1
	case exit.Signal != 0:
		e.ExitCode, e.Signal = -1, unix.SignalName(exit.Signal)
	}
	return e
}
