package conn

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const hasEpoll = true

// Epoll is the engine of Linux: loops, each a goroutine over an epoll of its own, which run handlers in pooled coroutines.
// A connection stays on one loop. See docs/decisions/0011.
type Epoll struct {
	Options
	places

	loops  []*epollLoop
	serial atomic.Uint64

	short   atomic.Bool  // clients wait for a place
	held    []*port      // not listened to since there is no place; places.mu guards it
	waiting []*sock      // accepted, and its address holds its share already; places.mu guards it
	relief  bool         // the process is out of descriptors; places.mu guards it
	going   atomic.Int64 // connections that were asked to give way and have not done so yet
	kick    chan struct{}
	quit    chan struct{} // closed: the evictor is to end
	ended   chan struct{} // closed: it has
}

// NewEpoll starts so many loops, one at least, and calls setup for each. It fails where the system lacks what loops need:
// NewGoroutines works there.
func NewEpoll(loops int, setup func(*Loop)) (*Epoll, error) {
	e := &Epoll{Options: defaults(), kick: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{})}
	for range max(1, loops) {
		l, err := newLoop(e)
		if err != nil {
			for _, l := range e.loops {
				l.discard()
			}
			return nil, fmt.Errorf("start an event loop: %w", err)
		}
		e.loops = append(e.loops, l)
	}
	for _, l := range e.loops {
		if setup != nil {
			setup(&l.loop)
		}
		go l.run()
	}
	go e.evictor()
	return e, nil
}

// Each runs f on every Loop, one after the other, in a coroutine there, and waits for it. Call it from outside of the loops.
// A stalled loop keeps it waiting.
func (e *Epoll) Each(f func(*Loop)) {
	for _, l := range e.loops {
		l.runCoroutine(func() { f(&l.loop) })
	}
}

// Name is EngineEpoll.
func (e *Epoll) Name() string { return EngineEpoll }

// Loops is the number of event loops.
func (e *Epoll) Loops() int { return len(e.loops) }

// Idle is the number of idle connections to members on all loops.
func (e *Epoll) Idle() (n int) {
	for _, l := range e.loops {
		n += l.loop.Pool.Len()
	}
	return n
}

// Stalled is for how long what runs on a loop has kept it from its other connections, on the loop that is worst off.
func (e *Epoll) Stalled() (worst time.Duration) {
	now := clock()
	for _, l := range e.loops {
		if since := l.busy.Load(); since != 0 {
			worst = max(worst, time.Duration(now-since))
		}
	}
	return worst
}

// Close ends the loops. There must be no server and no connection any more.
func (e *Epoll) Close() {
	close(e.quit)
	<-e.ended
	e.everywhere((*epollLoop).close)
}

// everywhere runs f on every loop, outside of any coroutine, and waits: f must not.
func (e *Epoll) everywhere(f func(*epollLoop)) {
	var wg sync.WaitGroup
	for _, l := range e.loops {
		wg.Add(1)
		if !l.post(func() { f(l); wg.Done() }) {
			wg.Done()
		}
	}
	wg.Wait()
}
