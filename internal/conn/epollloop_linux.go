package conn

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epollLoop is an event loop of an Epoll. Everything in it but posted, size and busy belongs to what runs on the loop.
//
// It waits in an ordinary system call, which gives its processor back to the runtime. It must not bypass the scheduler
// there: a loop that is interrupted in a raw wait, and waits again, never reaches a point where the runtime can stop it,
// and the first collection would then stop the process for good. A call that never waits may be raw.
type epollLoop struct {
	e      *Epoll
	loop   Loop
	ep     int // the epoll
	wakeFD int // an eventfd, for post

	now      int64         // when it last came back from a wait
	earliest int64         // what the last poll reported happened no earlier
	more     bool          // the last poll did not report all events
	before   int64         // when it came back from the wait before the last,
	crowded  bool          // and whether that poll did not report all events
	yielded  int64         // when others last had its processor
	buf      [bufSize]byte // for what is sent in two parts
	socks    []*sock       // by descriptor
	ports    []*port       // by descriptor
	quit     bool

	cur   *coroutine
	free  []*coroutine
	ready []*coroutine // to resume next
	batch []*coroutine // being resumed,
	at    int          // up to here

	due     []*sock // clients whose handlers run in the next round
	serving []*sock // those whose handlers run in this one,
	served  int     // up to here

	fresh    silentList // clients whose handlers have never run; the newest last
	freshEnd int64      // when no more of them begin in this round; 0: none has begun
	offloads int        // computations of handshakes under way beside the loop

	timers timers
	mute   silentList   // clients that never sent anything, and wait; the longest first
	idle   silentList   // those that did
	size   atomic.Int64 // clients
	busy   atomic.Int64 // since when coroutines run; 0: it waits

	mu     sync.Mutex
	closed bool
	posted []func()

	events [256]unix.EpollEvent
	sa     syscall.RawSockaddrAny // of the client accepted last
}

const (
	longest  = 60_000               // milliseconds of a wait
	turnOver = 5 * time.Millisecond // below the 10 ms after which the runtime interrupts, and watches closely for a while
	bufSize  = 8 << 10              // up to which two parts are copied together, which is cheaper than a vector

	offloadMax = 16 // signatures under way beside a loop, from which no new client begins
)

// Times of a loop are nanoseconds of the monotonic clock since epoch; 0 is never.
var epoch = time.Now()

func clock() int64 { return int64(time.Since(epoch)) }

// stamp is a time on that clock.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(1, int64(t.Sub(epoch)))
}

func newLoop(e *Epoll) (*epollLoop, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(ep)
		return nil, os.NewSyscallError("eventfd", err)
	}
	l := &epollLoop{e: e, ep: ep, wakeFD: wake, now: clock()}
	l.loop.init(l, false)
	if err = l.ctl(unix.EPOLL_CTL_ADD, wake, unix.EPOLLIN, 0); err != nil {
		l.discard()
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	return l, nil
}

// discard closes the descriptors of a loop that does not run.
func (l *epollLoop) discard() {
	unix.Close(l.ep)
	unix.Close(l.wakeFD)
}

// close ends the loop; it is called on it.
func (l *epollLoop) close() {
	l.mu.Lock()
	l.closed, l.quit = true, true
	l.mu.Unlock()
	for _, f := range l.free {
		f.stop()
	}
	l.discard()
}

func (l *epollLoop) ctl(op, fd int, events uint32, tag int32) error {
	return unix.EpollCtl(l.ep, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd), Pad: tag})
}

// run is the loop. Each round marks all events first and runs coroutines afterwards, so that no descriptor changes
// hands between the kernel's report of it and the use of that.
func (l *epollLoop) run() {
	defer func() {
		l.busy.Store(0)
		if !l.quit {
			go l.run() // a handler that ended its goroutine (runtime.Goexit) ended that of its loop too
		}
	}()
	for l.finish(); !l.quit; l.finish() {
		n := l.wait()
		l.busy.Store(l.now)
		l.share()
		l.mark(l.events[:n])
		l.expire()
		l.at, l.batch, l.ready = 0, l.ready, l.batch[:0]
		l.served, l.serving, l.due, l.freshEnd = 0, l.due, l.serving[:0], 0
	}
}

// share yields the processor now and then, before the runtime takes it: that would cost far more.
func (l *epollLoop) share() {
	if l.now-l.yielded > int64(turnOver) {
		l.yielded = l.now
		runtime.Gosched()
	}
}

// mark notes what has happened, and queues what waits for it.
func (l *epollLoop) mark(events []unix.EpollEvent) {
	posted := false
	for i := range events {
		ev := &events[i]
		switch fd := int(ev.Fd); {
		case fd == l.wakeFD:
			posted = true
		case fd < len(l.socks) && l.socks[fd] != nil && l.socks[fd].tag == ev.Pad:
			l.socks[fd].event(ev.Events)
		case fd < len(l.ports) && l.ports[fd] != nil && l.ports[fd].tag == ev.Pad:
			l.ports[fd].accept()
		}
	}
	if posted {
		l.takePosted()
	}
}

// finish resumes the coroutines of the batch, and then runs the handlers of clients that have sent something. What queues
// again runs in the next round.
func (l *epollLoop) finish() {
	for l.at < len(l.batch) {
		f := l.batch[l.at]
		l.batch[l.at] = nil
		l.at++
		f.queued = false
		l.resume(f)
	}
	for s := l.next(); s != nil; s = l.next() {
		f := l.takeCoroutine()
		f.client = s
		l.resume(f)
	}
}

// next takes the client whose handler runs next; nil: there is none, or coroutines come first.
func (l *epollLoop) next() *sock {
	if l.at < len(l.batch) {
		return nil
	}
	if l.served == len(l.serving) {
		return l.newest()
	}
	s := l.serving[l.served]
	l.serving[l.served] = nil
	l.served++
	return s
}

// newest takes the client that sent its first bytes last; nil: there is none, or those that are under way come first again. A
// loop that falls behind serves some clients in time this way. In the order of their arrival, each would have waited until it
// gives up, and the loop would work for clients that have left, for as long as the load lasts.
func (l *epollLoop) newest() *sock {
	s := l.fresh.last
	if s == nil || l.offloads >= offloadMax {
		return nil
	}
	switch {
	case l.freshEnd == 0:
		l.freshEnd = clock() + int64(turnOver)
	case clock() > l.freshEnd:
		return nil
	}
	s.unlist()
	return s
}

// mayBegin reports whether a client waits that may begin now.
func (l *epollLoop) mayBegin() bool { return l.fresh.last != nil && l.offloads < offloadMax }

// wait waits for events, and for the first deadline at most.
func (l *epollLoop) wait() int {
	ms, from := longest, int64(0)
	if len(l.ready)+len(l.due) > 0 || l.mayBegin() {
		ms = 0
	} else {
		l.busy.Store(0)
		from = clock()
		if len(l.timers) > 0 {
			ms = int(min(longest, max(0, (l.timers[0].when-from+999_999)/1_000_000)))
		}
	}
	n, _, e := syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.ep),
		uintptr(unsafe.Pointer(&l.events)), uintptr(len(l.events)), uintptr(ms), 0, 0)
	if e != 0 {
		n = 0
	}
	l.polled(int(n), from)
	return int(n)
}

// polled notes the time after a poll that reported n events, and slept since then, if it did (0: it did not). Each event happened after
// the poll before, which would have reported it; nothing had when the loop fell asleep. If a poll did not report all events, the next
// one may report older ones.
func (l *epollLoop) polled(n int, slept int64) {
	l.before, l.crowded = l.now, l.more
	l.now = clock()
	if !l.more {
		l.earliest = l.before
		if slept > 0 {
			l.earliest += l.now - slept
		}
	}
	l.more = n == len(l.events)
}

// post runs f on the loop, from anywhere, outside of any coroutine: f must not wait. A closed loop refuses, since another
// file may have the number of its eventfd by then.
func (l *epollLoop) post(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if l.posted = append(l.posted, f); len(l.posted) == 1 {
		one := uint64(1)
		syscall.RawSyscall(unix.SYS_WRITE, uintptr(l.wakeFD), uintptr(unsafe.Pointer(&one)), 8)
	}
	return true
}

// takePosted empties the eventfd before it takes what was posted, so that a later post wakes the loop again.
func (l *epollLoop) takePosted() {
	var n uint64
	syscall.RawSyscall(unix.SYS_READ, uintptr(l.wakeFD), uintptr(unsafe.Pointer(&n)), 8)
	l.mu.Lock()
	q := l.posted
	l.posted = nil
	l.mu.Unlock()
	for _, f := range q {
		f()
	}
}

// runCoroutine runs f in a coroutine of the loop and waits for its end.
func (l *epollLoop) runCoroutine(f func()) {
	done := make(chan struct{})
	if l.post(func() { l.spawn(func() { defer close(done); f() }) }) {
		<-done
	}
}

// passed reports whether a deadline is over. The clock is read only if it may be.
func (l *epollLoop) passed(d int64) bool {
	const near = int64(100 * time.Millisecond)
	return d != 0 && (d <= l.now || d-l.now < near && d <= clock())
}
