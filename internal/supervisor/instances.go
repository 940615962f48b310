package supervisor

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"

	"causeway/internal/activity"
	"causeway/internal/budget"
	"causeway/internal/process"
	"causeway/internal/telemetry"
)

// startInstance starts the process of a number, within the budget of its size.
func (s *Supervisor) startInstance(ctx context.Context, number int, with spec) (*process.Process, error) {
	command := s.o.command()
	command.Env = slices.Concat(command.Env, budget.Env(with.Size))
	held := 0
	p, err := process.Start(ctx, command, process.Setup{
		Data:     s.o.Data,
		Node:     with.Node,
		Number:   number,
		Engine:   with.Engine,
		Binding:  s.o.binding(),
		Version:  with.Version,
		SizeName: with.SizeName,
		Size:     with.Size,
	}, func(pid int) error {
		held = pid
		if err := s.budgets.hold(number, pid, with.Size); err != nil {
			s.Note(activity.Event{Kind: activity.Unheld, Instance: s.idOf(number), PID: pid, Why: err.Error()})
		}
		return nil
	})
	if err != nil && held != 0 {
		s.budgets.release(held)
	}
	return p, err
}

// adopt takes over the instances of a supervisor that died.
func (s *Supervisor) adopt() {
	if s.predecessor.serves() { // they are the predecessor's
		return
	}
	found, dead := process.Adopt(s.o.Data, s.fleet.pids())
	s.found = append(s.found, dead...)
	s.orphaned = orphanedAt(found)
	for _, p := range found {
		sockets, err := p.Sockets()
		if err != nil {
			slog.Warn("an instance does not hand its sockets over", "number", p.Number, "pid", p.PID, "error", err)
			continue
		}
		s.sockets.offer(sockets)
	}
	s.fleet.adopt(found, s.o.Drain)
	for _, p := range found {
		s.budgets.adopt(p)
	}
	s.adopted = nil
	for _, p := range s.fleet.all() {
		s.revision = max(s.revision, p.Last().Revision)
		slog.Info("adopted an instance that has gone on serving", "number", p.Number, "pid", p.PID, "build", p.Build)
		s.adopted = append(s.adopted, p)
	}
	s.budgets.holder.RemoveEmpty()
}

// orphanedAt is when instances lost their supervisor, as the first of them noticed; zero: none of them knows.
func orphanedAt(found []*process.Process) (at time.Time) {
	for _, p := range found {
		if alone := p.Last().Alone; !alone.IsZero() && (at.IsZero() || alone.Before(at)) {
			at = alone
		}
	}
	return at
}

// restart starts the instance of a number again, until it serves or nobody wants it any more.
func (s *Supervisor) restart(number int) {
	for attempt := 0; ; attempt++ {
		wait, deaths := s.fleet.backoff(number)
		wait = max(wait, min(firstWait*time.Duration(attempt), longestWait))
		if wait > 0 {
			slog.Warn("an instance ends again and again; the next one waits", "number", number, "deaths in a row", deaths, "wait", wait)
			s.Note(activity.Event{Kind: activity.CrashLoop, Instance: s.idOf(number), Restarts: s.fleet.restarts(number), Backoff: wait})
		}
		select {
		case <-time.After(wait):
		case <-s.quit:
			return
		}
		if s.restarted(number) {
			return
		}
	}
}

// restartProbes is how long a replacement waits for its first probes: clients of the others should not wait for it.
const restartProbes = 500 * time.Millisecond

// restarted tries once; true: there is nothing left to do.
func (s *Supervisor) restarted(number int) bool {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	if s.life.in(handingOver, ending) || s.fleet.get(number) != nil {
		return true
	}
	d := s.inForce()
	if number >= d.want {
		return true
	}
	d.warm = restartProbes
	begin := time.Now()
	if err := s.fleet.replace(context.Background(), d, number, s.o.Drain); err != nil {
		slog.Error("an instance cannot be started", "number", number, "error", err)
		return false
	}
	took := time.Since(begin)
	slog.Info("an instance was replaced", "number", number, "within", took.Round(time.Millisecond).String())
	e := activity.Event{Kind: activity.Ready, Instance: s.idOf(number), Startup: took, Restarts: s.fleet.restarts(number)}
	if p := s.fleet.get(number); p != nil {
		e.PID = p.PID
	}
	s.Note(e)
	return true
}

// replaced lets an instance go whose place one of a successor has taken. It implements incumbent.
func (s *Supervisor) replaced(number int) {
	if err := s.life.enter(handingOver); err != nil {
		slog.Debug("the hand-over goes on", "number", number, "because", err)
	}
	s.fleet.drainOne(number, s.o.Drain)
}

// restore starts again what a successor that failed has replaced. It implements incumbent.
func (s *Supervisor) restore() {
	s.life.goBack(handingOver)
	s.applyMu.Lock()
	d := s.inForce()
	s.applyMu.Unlock()
	var all sync.WaitGroup
	for number := range d.want {
		all.Go(func() { s.restart(number) })
	}
	all.Wait()
	s.dismissStrangers()
}

// dismissStrangers lets the instances go that a hand-over which failed has left, and notes those of them that are dead.
func (s *Supervisor) dismissStrangers() {
	s.noteFoundDead(s.fleet.dismissStrangers(s.o.Data, s.o.Drain))
}

// idOf is how records name an instance.
func (s *Supervisor) idOf(number int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return telemetry.InstanceName(s.node, number, s.document != nil && s.document.Config.V1())
}

// each calls f for all at the same time.
func each(all []*process.Process, f func(i int, p *process.Process)) {
	var done sync.WaitGroup
	for i, p := range all {
		done.Go(func() { f(i, p) })
	}
	done.Wait()
}

// gather is what this gateway counts, over all its processes.
func (s *Supervisor) gather() ([]*dto.MetricFamily, error) {
	own, err := s.metrics.Registry.Gather()
	if err != nil {
		return nil, err
	}
	all := s.fleet.all()
	of := make([][]*dto.MetricFamily, len(all))
	each(all, func(i int, p *process.Process) {
		var err error
		if of[i], err = p.Metrics(); err != nil {
			slog.Warn("an instance does not tell its metrics", "number", p.Number, "error", err)
		}
	})
	var m telemetry.Merged
	m.Add(telemetry.SupervisorID, own)
	for i, p := range all {
		m.Add(s.idOf(p.Number), of[i])
	}
	return m.Families(), nil
}
