package supervisor

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"causeway/internal/admin"
)

// ErrProved is returned by Start in a process that has started the instances of a new program and leaves them to the running gateway.
var ErrProved = errors.New("the instances of this program serve, and the running gateway goes on with them")

// ErrOrphaned is returned by Start in the new program of an upgrade whose supervisor has died. Its instances go on, for the next one.
var ErrOrphaned error = &admin.Refusal{
	Err:  errors.New("the supervisor died in the middle of its upgrade"),
	Hint: "the instances go on serving, and the next causeway serve adopts them",
}

// parentEvery is how often a program on trial looks for its parent. A service manager starts the next supervisor after 100 ms.
const parentEvery = 10 * time.Millisecond

// underParent is ctx until the process has lost its parent; the cause is ErrOrphaned then.
func underParent(ctx context.Context) (context.Context, context.CancelFunc) {
	parent := os.Getppid()
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		tick := time.NewTicker(parentEvery)
		defer tick.Stop()
		for os.Getppid() == parent {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
		cancel(ErrOrphaned)
	}()
	return ctx, func() { cancel(nil) }
}

// trialEnd is how a trial ends that did not begin to serve because of err: ErrOrphaned if its context says so.
func trialEnd(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), ErrOrphaned) {
		return ErrOrphaned
	}
	return err
}

// proves leaves the instances to the predecessor, where this is the new program of an upgrade. The error is ErrProved then, or ErrOrphaned.
func (s *Supervisor) proves() error {
	if !s.o.trial {
		return nil
	}
	var files []int
	if own := openProgram(); own >= 0 {
		defer syscall.Close(own)
		files = append(files, own)
	}
	if err := s.predecessor.report(progress{Proved: true}, files...); err != nil {
		return ErrOrphaned
	}
	return ErrProved
}
