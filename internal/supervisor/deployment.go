package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"causeway/internal/process"
)

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
		var refused *process.Refusal // only one that lives refuses
		if err != nil && !errors.As(err, &refused) && ended(p) {
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
