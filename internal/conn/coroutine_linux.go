package conn

import (
	"iter"
)

// coroutine runs handlers and other work on a loop. Only its loop resumes it.
type coroutine struct {
	next    func() (struct{}, bool)
	stop    func()
	yield   func(struct{}) bool
	work    func()
	client  *sock // whose handler to run, in place of work
	waitsOn *sock // where it waits
	why     error // what ended the wait
	queued  bool  // in loop.ready: nothing else may resume it
	stopped bool  // in Duplex: the other direction failed
	left    int   // of budget
}

const (
	budget   = 512 << 10 // bytes that a coroutine may move before others run
	spareMax = 256       // coroutines kept for later
)

// spawn makes work runnable.
func (l *epollLoop) spawn(work func()) *coroutine {
	f := l.takeCoroutine()
	f.work = work
	l.queue(f)
	return f
}

// fiber takes a free coroutine, or makes one.
func (l *epollLoop) takeCoroutine() *coroutine {
	if n := len(l.free); n > 0 {
		f := l.free[n-1]
		l.free[n-1] = nil
		l.free = l.free[:n-1]
		return f
	}
	f := new(coroutine)
	f.next, f.stop = iter.Pull(func(yield func(struct{}) bool) {
		f.yield = yield
		for {
			l.work(f)
			f.work, f.stopped, f.why = nil, false, nil
			if f.client = l.next(); f.client != nil { // without the way through the loop
				f.left = budget
				continue
			}
			if len(l.free) >= spareMax {
				return
			}
			l.free = append(l.free, f)
			if !yield(struct{}{}) {
				return
			}
		}
	})
	return f
}

// work keeps a panic away from the loop, which all its connections share.
func (l *epollLoop) work(f *coroutine) {
	defer func() {
		if v := recover(); v != nil {
			l.e.report(v)
		}
	}()
	if f.client != nil {
		f.client.handleAll()
		return
	}
	f.work()
}

func (l *epollLoop) resume(f *coroutine) {
	f.left = budget
	l.cur = f
	f.next()
	l.cur = nil
}

func (l *epollLoop) queue(f *coroutine) {
	if !f.queued {
		f.queued = true
		l.ready = append(l.ready, f)
	}
}

// pause parks the coroutine until it is queued.
func (l *epollLoop) pause() { l.current().yield(struct{}{}) }

func (l *epollLoop) current() *coroutine {
	if l.cur == nil {
		panic("conn: a Conn or Loop is used outside of its event loop")
	}
	return l.cur
}

// yield lets the others run.
func (l *epollLoop) yield() {
	f := l.current()
	l.queue(f)
	l.pause()
	f.left = budget
}

func (l *epollLoop) do(f func()) {
	me := l.current()
	var crashed *crash
	go func() {
		defer l.post(func() { l.queue(me) })
		crashed, _ = guard(func() error { f(); return nil })
	}()
	l.pause()
	if crashed != nil {
		panic(crashed)
	}
}

func (l *epollLoop) duplex(_, _ Conn, ab, ba func() error) (errAB, errBA error) {
	me := l.current()
	var crashAB, crashBA *crash
	ended, waiting := false, false
	child := l.spawn(func() {
		defer func() {
			if ended = true; waiting {
				l.queue(me)
			}
		}()
		if crashAB, errAB = guard(ab); errAB != nil {
			l.stop(me)
		}
	})
	if crashBA, errBA = guard(ba); errBA != nil && !ended {
		l.stop(child)
	}
	for waiting = true; !ended; {
		l.pause()
	}
	me.stopped = false
	for _, p := range [2]*crash{crashAB, crashBA} {
		if p != nil {
			panic(p)
		}
	}
	return errAB, errBA
}

// stop ends a coroutine's wait on a connection, or its next one.
func (l *epollLoop) stop(f *coroutine) {
	f.stopped = true
	if f.waitsOn != nil && f.why == nil {
		f.why = ErrStopped
		l.queue(f)
	}
}
