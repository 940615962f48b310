package supervisor

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"causeway/internal/gateway"
	"causeway/internal/process"
	"causeway/internal/route"
)

// fleet is the instances of this supervisor, by number.
type fleet struct {
	start func(ctx context.Context, number int, spec spec) (*process.Process, error)
	ended func(p *process.Process, was role) // called once for each instance that has ended

	mu       sync.Mutex
	running  map[int]*process.Process
	leaving  map[*process.Process]struct{} // draining; they end on their own
	deaths   map[int][]time.Time           // the last ones that nobody asked for, of each number
	replaced map[int]int                   // how many there were
	idle     sync.Cond                     // nobody is running or leaving any more, perhaps
}

// role is what an instance was to the fleet when it ended.
type role int

const (
	serving  role = iota // it was to go on
	draining             // it was to finish and end
	unused               // it was given up before it served
)

// spec is what an instance is started with and keeps for its life: another spec takes another process.
type spec struct {
	Node     string
	Engine   string
	Version  string
	SizeName string
	Size     gateway.Size
	Binding  string // where its ports are served, as one text
}

// bindingText is a binding as a spec has it.
func bindingText(b route.Binding) string {
	return fmt.Sprintf("%s %v %d", b.Listen, b.Bind, b.PortOffset)
}

func newFleet() *fleet {
	f := &fleet{
		running: map[int]*process.Process{}, leaving: map[*process.Process]struct{}{}, deaths: map[int][]time.Time{},
		replaced: map[int]int{},
	}
	f.idle.L = &f.mu
	return f
}

// specOf is what a process was started with.
func specOf(p *process.Process) spec {
	s := p.Last()
	return spec{
		Node:     s.Node,
		Engine:   s.Engine,
		Version:  s.Build,
		SizeName: s.SizeName,
		Size:     s.Size,
		Binding:  bindingText(s.Binding),
	}
}

// adopt takes over what another supervisor has started. Of two with one number the younger stays.
func (f *fleet) adopt(found []*process.Process, drain time.Duration) {
	slices.SortFunc(found, func(a, b *process.Process) int { return b.Started.Compare(a.Started) })
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range found {
		if s := p.Last(); s.Draining || s.Revision == 0 || f.running[p.Number] != nil {
			f.leave(p, drain)
			continue
		}
		f.running[p.Number] = p
		go f.follow(p)
	}
}

// leave lets an instance go. f.mu is held.
func (f *fleet) leave(p *process.Process, drain time.Duration) {
	f.leaving[p] = struct{}{}
	go f.follow(p)
	go f.dismiss(p, drain)
}

// retire lets a running instance go that drains already; false: it does not run any more.
func (f *fleet) retire(p *process.Process) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running[p.Number] != p {
		return false
	}
	delete(f.running, p.Number)
	f.leaving[p] = struct{}{}
	return true
}

// dismissStrangers lets the instances of a data directory go that are not of this fleet: a hand-over that failed has left them.
// It returns those that are dead.
func (f *fleet) dismissStrangers(data string, drain time.Duration) (dead []*process.Process) {
	strangers, dead := process.Adopt(data, f.pids())
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range strangers {
		slog.Warn("an instance belongs to nobody; it drains", "number", p.Number, "pid", p.PID)
		f.leave(p, drain)
	}
	return dead
}

// pids are the processes of the fleet.
func (f *fleet) pids() map[int]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := map[int]bool{}
	for _, p := range f.running {
		known[p.PID] = true
	}
	for p := range f.leaving {
		known[p.PID] = true
	}
	return known
}

// follow waits for the end of an instance.
func (f *fleet) follow(p *process.Process) {
	<-p.Gone()
	f.ended(p, f.remove(p))
}

// remove takes an instance out that has ended, and counts its death if it was to go on.
func (f *fleet) remove(p *process.Process) role {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.idle.Broadcast()
	if _, leaves := f.leaving[p]; leaves {
		delete(f.leaving, p)
		return draining
	}
	if f.running[p.Number] == p {
		delete(f.running, p.Number)
	}
	if p.Exit().Drained { // it got a signal
		return serving
	}
	f.replaced[p.Number]++
	f.deaths[p.Number] = append(f.deaths[p.Number], time.Now())
	if n := len(f.deaths[p.Number]); n > deathsKept {
		f.deaths[p.Number] = f.deaths[p.Number][n-deathsKept:]
	}
	return serving
}

// all are the running instances in order of their numbers.
func (f *fleet) all() []*process.Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.SortedFunc(maps.Values(f.running), func(a, b *process.Process) int { return cmp.Compare(a.Number, b.Number) })
}

// get is the running instance of a number; nil: there is none.
func (f *fleet) get(number int) *process.Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.running[number]
}

// restarts is how often a number had to be replaced.
func (f *fleet) restarts(number int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.replaced[number]
}

// A number whose instances end again and again waits before the next: a crash at the start must not take the machine's time.
const (
	crashWindow = time.Minute // that an instance has to live for those before it to be forgotten
	deathsKept  = 16
	firstWait   = 500 * time.Millisecond
	longestWait = 30 * time.Second
)

// backoff is how long a number waits for its next instance, and how many of it ended one soon after another.
func (f *fleet) backoff(number int) (wait time.Duration, deaths int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := time.Now()
	for _, at := range slices.Backward(f.deaths[number]) {
		if next.Sub(at) > crashWindow+longestWait { // the one after it had its wait, and then lived long enough
			break
		}
		next = at
		deaths++
	}
	if deaths > 1 {
		wait = min(firstWait<<min(deaths-2, 10), longestWait)
	}
	return wait, deaths
}

// dismissAll asks instances to drain and end, all at the same time: one may hang.
func (f *fleet) dismissAll(all []*process.Process, drain time.Duration) {
	each(all, func(_ int, p *process.Process) { f.dismiss(p, drain) })
}

// dismiss asks an instance to drain and end. One that does neither in time is killed. One that drains already keeps its own time.
func (f *fleet) dismiss(p *process.Process, drain time.Duration) {
	drains := p.Last().Draining
	switch err := p.Drain(drain); {
	case err == nil || !p.Alive():
	case hangs(err):
		slog.Warn("an instance hangs when it is to drain; it is ended", "number", p.Number, "pid", p.PID, "error", err)
		p.Kill("it did not answer when it was to drain")
		return
	default:
		slog.Warn("an instance cannot be asked to drain; it gets a signal", "number", p.Number, "pid", p.PID, "error", err)
		p.Terminate()
	}
	if drains {
		return
	}
	late := time.AfterFunc(drain+endMargin, func() { p.Kill(notDrained) })
	go func() {
		<-p.Gone()
		late.Stop()
	}()
}

// notDrained is why an instance is killed that should have ended by then.
const notDrained = "it had not ended when the time to drain was over"

// drainAll lets every instance finish and end.
func (f *fleet) drainAll(drain time.Duration) {
	f.mu.Lock()
	all := slices.Collect(maps.Values(f.running))
	clear(f.running)
	for _, p := range all {
		f.leaving[p] = struct{}{}
	}
	f.mu.Unlock()
	f.dismissAll(all, drain)
}

// drainOne lets one instance finish and end.
func (f *fleet) drainOne(number int, drain time.Duration) {
	f.mu.Lock()
	p := f.running[number]
	if p != nil {
		delete(f.running, number)
		f.leaving[p] = struct{}{}
	}
	f.mu.Unlock()
	if p != nil {
		f.dismiss(p, drain)
	}
}

// wait waits until every instance has ended, and ends those that are left at the deadline.
func (f *fleet) wait(deadline time.Time) {
	late := time.AfterFunc(time.Until(deadline), func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		for p := range f.leaving {
			p.Kill(notDrained)
		}
	})
	defer late.Stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.running)+len(f.leaving) > 0 {
		f.idle.Wait()
	}
}

// serves reports whether some instance serves: it has a configuration, and has answered lately.
func (f *fleet) serves() bool {
	return slices.ContainsFunc(f.all(), func(p *process.Process) bool {
		return p.Last().Revision > 0 && time.Since(p.Heard()) < process.AnswerTime
	})
}
