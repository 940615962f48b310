package supervisor

import (
	"cmp"
	"fmt"
	"time"

	"causeway/internal/admin"
	"causeway/internal/evidence"
	"causeway/internal/process"
	"causeway/internal/units"
)

// lookTime is how long somebody who looks at the gateway waits for its instances. One that does not answer in time is named.
const lookTime = time.Second

// instances are the states of all instances, asked now.
func (s *Supervisor) instances() []admin.Instance {
	all := s.fleet.all()
	out := make([]admin.Instance, len(all))
	each(all, func(i int, p *process.Process) {
		state, err := p.State(lookTime)
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
			out[i].Silent, out[i].Problem = time.Since(p.Heard()).Seconds(), s.silence(p)
		}
	})
	return out
}

// silence says for how long an instance has not answered, and what happens next.
func (s *Supervisor) silence(p *process.Process) string {
	limit := time.Duration(cmp.Or(s.o.hungAfter, hungAfter)) * process.AnswerTime
	return fmt.Sprintf("it has not answered for %s; after about %s without an answer the supervisor ends it and starts another",
		units.Seconds(time.Since(p.Heard())), units.Seconds(limit))
}

// Machine is what the gateway has to work with, over all its instances.
func (s *Supervisor) Machine() evidence.Machine {
	sum := process.ThisMachine()
	held := s.budgets.state()
	sum.API = s.api.url()
	sum.Budget, sum.Room, sum.Queued = &held, s.budgets.holder.Machine().CPU, s.sockets.queued()
	all := s.fleet.all()
	of := make([]evidence.Machine, len(all))
	each(all, func(i int, p *process.Process) { of[i], _ = p.Machine(lookTime) })
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
