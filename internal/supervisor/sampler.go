package supervisor

import (
	"errors"
	"net"
	"sync"
	"time"

	"causeway/internal/budget"
	"causeway/internal/process"
	"causeway/internal/scale"
)

// sampleEvery is how often the instances are measured: often enough to scale within seconds.
const sampleEvery = 2 * time.Second

// measured is what an instance did in the last interval.
type measured struct {
	cpu         float64 // share of its budget: 0 to 1 where that is held, more where it is not
	throttled   float64 // share of the periods in which it wanted to run and had used up its budget
	memory      int64   // bytes now
	connections int
}

// reading is what an instance had done by some time.
type reading struct {
	at   time.Time
	used budget.Usage
	sent int64 // bytes
}

// sampler measures the instances.
type sampler struct {
	mu    sync.Mutex
	last  map[int]reading // by process id
	now   map[int]measured
	units scale.Units

	silent map[int]int // samples in a row that a process has not answered
}

func newSampler() *sampler {
	return &sampler{last: map[int]reading{}, now: map[int]measured{}, silent: map[int]int{}}
}

// of is what an instance did in the last interval.
func (s *sampler) of(pid int) measured {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now[pid]
}

// hungAfter is how many samples in a row an instance may leave unanswered, each for five seconds, before it is ended: one that
// is merely busy answers one of them.
const hungAfter = 5

// unanswered is how many samples in a row an instance has left unanswered.
func (s *sampler) unanswered(pid int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silent[pid]
}

// used is what all of them used together.
func (s *sampler) used() scale.Units {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.units
}

// sample measures the instances since it last did. An instance that is new or does not answer is left out.
func (s *Supervisor) sample(all []*process.Process) scale.Sample {
	out := scale.Sample{}
	var mu sync.Mutex
	next, now, silent := map[int]reading{}, map[int]measured{}, map[int]int{}
	each(all, func(_ int, p *process.Process) {
		r, m, err := s.measure(p)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			silent[p.PID] = s.sampler.silent[p.PID]
			if hangs(err) {
				silent[p.PID]++
			}
			return
		}
		next[p.PID] = r
		was, known := s.sampler.last[p.PID]
		interval := r.at.Sub(was.at)
		if !known || interval <= 0 {
			now[p.PID] = m
			return
		}
		i := scale.Instance{CPU: r.used.CPU - was.used.CPU, Connections: m.connections, Bytes: r.sent - was.sent}
		out.Instances = append(out.Instances, i)
		out.Interval = max(out.Interval, interval)
		out.Size = p.Last().Size
		m.cpu, m.throttled = r.used.Since(was.used, interval, out.Size)
		now[p.PID] = m
	})
	s.sampler.mu.Lock()
	defer s.sampler.mu.Unlock()
	s.sampler.last, s.sampler.now, s.sampler.silent, s.sampler.units = next, now, silent, out.Units()
	return out
}

// measure reads what an instance has done so far, and what it holds now.
func (s *Supervisor) measure(p *process.Process) (reading, measured, error) {
	state, err := p.State(process.AnswerTime)
	if err != nil {
		return reading{}, measured{}, err
	}
	r := reading{at: time.Now(), sent: state.Sent}
	m := measured{connections: state.Connections}
	if g := s.budgets.of(p.PID); g != nil {
		if u, err := g.Usage(); err == nil {
			r.used, m.memory = u, u.Memory
		}
	}
	return r, m, nil
}

// hangs reports whether an instance left a question unanswered. Any other error may be the fault of whoever asks, such as a supervisor
// without free descriptors, and an instance that dies shows that by its end.
func hangs(err error) bool {
	var late net.Error
	return errors.As(err, &late) && late.Timeout()
}
