package supervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"

	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/budget"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
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
			s.note(activity.Event{Kind: activity.Unheld, Instance: s.idOf(number), PID: pid, Why: err.Error()})
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
	if s.legacy.c != nil { // they are the predecessor's
		return
	}
	found, dead := process.Adopt(s.o.Data, nil)
	s.found = dead
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
	for _, p := range s.fleet.all() {
		s.revision = max(s.revision, p.Last().Revision)
		slog.Info("adopted an instance that has gone on serving", "number", p.Number, "pid", p.PID, "build", p.Build)
		s.adopted = append(s.adopted, p)
	}
	s.budgets.holder.RemoveEmpty()
}

// restart starts the instance of a number again, until it serves or nobody wants it any more.
func (s *Supervisor) restart(number int) {
	for attempt := 0; ; attempt++ {
		wait, deaths := s.fleet.backoff(number)
		wait = max(wait, min(firstWait*time.Duration(attempt), longestWait))
		if wait > 0 {
			slog.Warn("an instance ends again and again; the next one waits", "number", number, "deaths in a minute", deaths, "wait", wait)
			s.note(activity.Event{Kind: activity.CrashLoop, Instance: s.idOf(number), Restarts: s.fleet.restarts(number), Backoff: wait})
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
	if s.ending.Load() || s.giving.Load() || s.fleet.get(number) != nil {
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
	s.note(e)
	return true
}

// replaced lets an instance go whose place one of a successor has taken. It implements testator.
func (s *Supervisor) replaced(number int) {
	s.giving.Store(true)
	s.fleet.drainOne(number, s.o.Drain)
}

// restore starts again what a successor that failed has replaced. It implements testator.
func (s *Supervisor) restore() {
	s.giving.Store(false)
	s.applyMu.Lock()
	d := s.inForce()
	s.applyMu.Unlock()
	var all sync.WaitGroup
	for number := range d.want {
		all.Go(func() { s.restart(number) })
	}
	all.Wait()
	s.noteFoundDead(s.fleet.dismissStrangers(s.o.Data, s.o.Drain))
}

// idOf is how records name an instance.
func (s *Supervisor) idOf(number int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return telemetry.InstanceName(s.node, number, s.document != nil && s.document.Config.V1())
}

// instances are the states of all instances, asked now.
func (s *Supervisor) instances() []admin.Instance {
	all := s.fleet.all()
	out := make([]admin.Instance, len(all))
	each(all, func(i int, p *process.Process) {
		state, err := p.State()
		m := s.sampler.of(p.PID)
		out[i] = admin.Instance{
			ID:          s.idOf(p.Number),
			Number:      p.Number,
			PID:         p.PID,
			Build:       p.Build,
			Started:     p.Started,
			Revision:    state.Revision,
			Connections: state.Connections,
			Lost:        state.Lost,
			Restarts:    s.fleet.restarts(p.Number),
			SizeName:    state.SizeName,
			Size:        state.Size,
			CPUUsed:     m.cpu,
			Throttled:   m.throttled,
			MemoryUsed:  m.memory,
		}
		if g := s.budgets.of(p.PID); g != nil {
			out[i].CPUHeld, out[i].MemoryHeld = g.Held()
		}
		if err != nil {
			out[i].Problem = err.Error()
		}
	})
	return out
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

// Machine is what the gateway has to work with, over all its instances.
func (s *Supervisor) Machine() evidence.Machine {
	sum := process.ThisMachine()
	held := s.budgets.state()
	sum.Budget, sum.Room, sum.Queued = &held, s.budgets.holder.Machine().CPU, s.sockets.queued()
	all := s.fleet.all()
	of := make([]evidence.Machine, len(all))
	each(all, func(i int, p *process.Process) { of[i], _ = p.Machine() })
	if len(all) > 0 {
		sum.Procs = 0
	}
	for i, m := range of {
		sum.Engine = m.Engine
		sum.Procs += m.Procs
		sum.Loops += m.Loops
		sum.Used += m.Used
		sum.Open += m.Open
		sum.Files = max(sum.Files, m.Files)
		sum.ConnectionsLimit += m.ConnectionsLimit
		sum.Connections += m.Connections
		sum.Instances = append(sum.Instances, s.instanceState(all[i]))
	}
	return sum
}

// instanceState is one instance as evidence.
func (s *Supervisor) instanceState(p *process.Process) evidence.InstanceState {
	last, m := p.Last(), s.sampler.of(p.PID)
	wait, _ := s.fleet.backoff(p.Number)
	i := evidence.InstanceState{
		Number:      p.Number,
		ID:          s.idOf(p.Number),
		PID:         p.PID,
		State:       evidence.Serving,
		Size:        last.SizeName,
		CPU:         last.Size.CPU,
		Memory:      last.Size.Memory,
		CPUUsed:     m.cpu,
		Throttled:   m.throttled,
		MemoryUsed:  m.memory,
		Connections: last.Connections,
		Revision:    int64(last.Revision),
		Started:     p.Started,
		Restarts:    s.fleet.restarts(p.Number),
		CrashLoop:   wait > 0,
	}
	i.Node = s.where()
	if g := s.budgets.of(p.PID); g != nil {
		cpu, memory := g.Held()
		i.Held = cpu && memory
	}
	if !i.Held {
		i.NotHeld = s.budgets.state().Text()
	}
	return i
}

// Health is the backend-health document, empty while no instance answers.
func (s *Supervisor) Health() gateway.Health {
	h, _ := s.healthOfAll()
	return h
}

// healthOfAll is the health as all instances see it; false: none of them answers.
func (s *Supervisor) healthOfAll() (gateway.Health, bool) {
	all := s.fleet.all()
	views := map[string]gateway.Health{}
	var mu sync.Mutex
	each(all, func(_ int, p *process.Process) {
		h, err := p.Health()
		if err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		views[s.idOf(p.Number)] = h
	})
	if len(views) == 0 {
		return gateway.Health{}, false
	}
	return gateway.MergeHealth(views), true
}

// HealthFile is where a data directory keeps the backend health, for a diagnosis after the gateway has ended.
func HealthFile(data string) string { return filepath.Join(data, healthName) }

// keepHealth writes the backend health if some instance knows it.
func (s *Supervisor) keepHealth() {
	if h, ok := s.healthOfAll(); ok {
		s.writeHealth(h)
	}
}

// writeHealth writes the backend health if it has changed.
func (s *Supervisor) writeHealth(h gateway.Health) {
	b, err := json.Marshal(h)
	if err != nil || bytes.Equal(b, s.health) {
		return
	}
	err = replaceFile(HealthFile(s.o.Data), b)
	if err != nil && !s.unkept { // once for a disk that stays full, not every few seconds
		slog.Warn("the backend health could not be kept", "error", err)
	}
	if s.unkept = err != nil; !s.unkept {
		s.health = b
	}
}
