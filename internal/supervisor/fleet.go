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
	if !p.Exit().Drained {
		f.replaced[p.Number]++
	}
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

// backoff is how long a number waits for its next instance, and how many of it ended within crashWindow.
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

// deployment is a configuration on its way to all instances.
type deployment struct {
	config   process.Config
	revision uint64 // of the configuration; write says it where it is not known yet
	sockets  map[string]int
	want     int // instances
	spec     spec
	warm     time.Duration // for first probes

	write  func(ctx context.Context) (revision uint64, err error) // once every instance is ready; nil: there is nothing to write
	served func(revision uint64)                                  // once it is certain that it is served; may be nil
}

// readied is a deployment that every instance is ready for.
type readied struct {
	want     int
	revision uint64
	changes  []*process.Change
	fresh    []*process.Process // not in the fleet yet
}

// deploy makes the instances be what a deployment says: those that can stay get the configuration, missing ones are
// started, it is written, all of them begin to serve it, and those that are too many or of another spec drain. An error
// changes nothing.
func (f *fleet) deploy(ctx context.Context, d deployment, drain time.Duration) error {
	r, err := f.ready(ctx, d)
	if err == nil && d.write != nil {
		r.revision, err = d.write(ctx)
	}
	if err != nil {
		f.abandon(r)
		return err
	}
	if d.served != nil {
		d.served(r.revision)
	}
	f.commit(r, drain)
	return nil
}

// ready prepares everybody.
func (f *fleet) ready(ctx context.Context, d deployment) (*readied, error) {
	r := &readied{want: d.want, revision: d.revision}
	var mu sync.Mutex
	var failed error
	var all sync.WaitGroup
	for number := range d.want {
		all.Go(func() {
			change, fresh, err := f.readyOne(ctx, d, number)
			mu.Lock()
			defer mu.Unlock()
			if fresh != nil {
				r.fresh = append(r.fresh, fresh)
			}
			if change != nil {
				r.changes = append(r.changes, change)
			}
			if failed == nil {
				failed = err
			}
		})
	}
	all.Wait()
	return r, failed
}

// readyOne prepares the instance of a number: the one that runs, if it has the spec, or a fresh one.
func (f *fleet) readyOne(ctx context.Context, d deployment, number int) (*process.Change, *process.Process, error) {
	if p := f.get(number); p != nil && specOf(p) == d.spec && answers(p) {
		change, err := p.Prepare(ctx, d.config, d.sockets, d.warm)
		if err != nil && ended(p) {
			return nil, nil, nil // it died meanwhile; its replacement gets the configuration in force by then
		}
		return change, nil, err
	}
	p, err := f.start(ctx, number, d.spec)
	if err != nil {
		return nil, nil, err
	}
	change, err := p.Prepare(ctx, d.config, d.sockets, d.warm)
	return change, p, err
}

// answers reports whether an instance answers its supervisor. One that hangs is replaced like one of another spec.
func answers(p *process.Process) bool {
	_, err := p.State(process.AnswerTime)
	if err != nil && p.Alive() {
		slog.Warn("an instance does not answer; another takes its place", "number", p.Number, "pid", p.PID, "error", err)
	}
	return err == nil
}

// noticed is how long the end of a process may take to show after its sockets have closed.
const noticed = 500 * time.Millisecond

// ended reports whether an instance has ended, as its last words suggest.
func ended(p *process.Process) bool {
	select {
	case <-p.Gone():
		return true
	case <-time.After(noticed):
		return false
	}
}

// replace starts the instance of one number, and drains the one that it replaces, if that still runs.
func (f *fleet) replace(ctx context.Context, d deployment, number int, drain time.Duration) error {
	r := &readied{want: d.want, revision: d.revision}
	change, fresh, err := f.readyOne(ctx, d, number)
	if fresh != nil {
		r.fresh = append(r.fresh, fresh)
	}
	if err != nil {
		f.abandon(r)
		return err
	}
	if change != nil {
		r.changes = append(r.changes, change)
	}
	f.commit(r, drain)
	return nil
}

// abandon takes a preparation back.
func (f *fleet) abandon(r *readied) {
	for _, c := range r.changes {
		c.Abandon()
	}
	for _, p := range r.fresh {
		p.Kill("it was given up before it served")
		go func() {
			<-p.Gone()
			f.ended(p, unused)
		}()
	}
}

// commit puts the configuration in force everywhere.
func (f *fleet) commit(r *readied, drain time.Duration) {
	for _, c := range r.changes {
		if err := c.Serve(r.revision); err != nil { // it has died since
			slog.Warn("an instance did not take the configuration that it was ready for; it is replaced", "error", err)
			c.Instance().Kill("it did not take a configuration that it was ready for")
		}
	}
	f.mu.Lock()
	var old []*process.Process
	for _, p := range r.fresh {
		if was := f.running[p.Number]; was != nil {
			old = append(old, was)
		}
		f.running[p.Number] = p
		go f.follow(p)
	}
	for number, p := range f.running {
		if number >= r.want {
			old = append(old, p)
			delete(f.running, number)
		}
	}
	for _, p := range old {
		f.leaving[p] = struct{}{}
	}
	f.mu.Unlock()
	f.dismissAll(old, drain)
}

// dismissAll asks instances to drain and end, all at the same time: one may hang.
func (f *fleet) dismissAll(all []*process.Process, drain time.Duration) {
	each(all, func(_ int, p *process.Process) { f.dismiss(p, drain) })
}

// dismiss asks an instance to drain and end. One that does neither in time is killed. One that drains already keeps its own time.
func (f *fleet) dismiss(p *process.Process, drain time.Duration) {
	drains := p.Last().Draining
	if err := p.Drain(drain); err != nil && p.Alive() {
		slog.Warn("an instance cannot be asked to drain; it is ended", "number", p.Number, "pid", p.PID, "error", err)
		p.Kill("it did not answer when it was to drain")
		return
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
