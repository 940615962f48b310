package conn

import (
	"io"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	spliceMin  = 128 << 10 // bytes below which a copy through memory is as cheap
	spliceSize = 1 << 20   // of a pipe
)

// pipe is an empty kernel pipe. The pool drops pipes at will, so a cleanup closes them.
type pipe struct{ r, w int }

var pipes = sync.Pool{New: func() any {
	var fd [2]int
	if unix.Pipe2(fd[:], unix.O_NONBLOCK|unix.O_CLOEXEC) != nil {
		return (*pipe)(nil)
	}
	unix.FcntlInt(uintptr(fd[0]), unix.F_SETPIPE_SZ, spliceSize) // the kernel refuses above the user's quota: a small pipe works too
	p := &pipe{fd[0], fd[1]}
	runtime.SetFinalizer(p, (*pipe).close)
	return p
}}

func (p *pipe) close() {
	runtime.SetFinalizer(p, nil)
	unix.Close(p.r)
	unix.Close(p.w)
}

// spliceable is a Conn on a socket that fills and empties pipes within the kernel.
type spliceable interface {
	Conn
	// fill moves up to want bytes into an empty pipe, and waits for the first.
	fill(p *pipe, want int) (int, error)
	// empty takes some of the held bytes out of a pipe, and waits until it can.
	empty(p *pipe, held int) (int, error)
}

// spliceAll is Relay through a pipe. ok is false if there is none to be had.
func spliceAll(dst, src spliceable, n int64, pace Pace) (done, lost int64, read, write error, ok bool) {
	p := pipes.Get().(*pipe)
	if p == nil {
		return 0, 0, nil, nil, false
	}
	held := 0
	defer func() {
		if held == 0 {
			pipes.Put(p)
		} else {
			p.close()
		}
	}()
	clock := pacer{Pace: pace}
	for n != 0 {
		want := spliceSize
		if n > 0 && n < spliceSize {
			want = int(n)
		}
		clock.await(src)
		if held, read = src.fill(p, want); read != nil {
			return done, 0, read, nil, true
		}
		n = left(n, held)
		for held > 0 {
			clock.offer(dst)
			k, err := dst.empty(p, held)
			held -= k
			if done += int64(k); err != nil {
				return done, int64(held), nil, err, true
			}
		}
	}
	return done, 0, nil, nil, true
}

// copyTo splices between sockets of the runtime's poller.
func (c *stream) copyTo(dst Conn, n int64, pace Pace) (done, lost int64, read, write error, ok bool) {
	d, is := dst.(*stream)
	if !is || c.raw == nil || d.raw == nil || n >= 0 && n < spliceMin || len(c.in.ahead) > 0 || c.in.met != nil {
		return 0, 0, nil, nil, false
	}
	return spliceAll(d, c, n, pace)
}

func (c *stream) fill(p *pipe, want int) (int, error) {
	m := moves.Get().(*move)
	defer moves.Put(m)
	m.p, m.timer, m.size = p, &c.in.deadlineTimer, want
	n, err := m.run(m.fill, c.raw.Read)
	if err != nil {
		return 0, c.failed(err)
	}
	return n, nil
}

func (c *stream) empty(p *pipe, held int) (int, error) {
	m := moves.Get().(*move)
	defer moves.Put(m)
	m.p, m.timer, m.size = p, &c.out.deadlineTimer, held
	return m.run(m.empty, c.raw.Write)
}

// move is one splice of a stream. Its functions are bound once: a closure in each call would be allocated.
type move struct {
	p           *pipe
	timer       *deadlineTimer
	size        int // bytes to move at most
	n           int // bytes moved
	err         error
	fill, empty func(fd uintptr) bool
}

var moves = sync.Pool{New: func() any {
	m := new(move)
	m.fill, m.empty = m.tryFill, m.tryEmpty
	return m
}}

func (m *move) run(try func(uintptr) bool, poll func(func(uintptr) bool) error) (int, error) {
	m.n, m.err = 0, nil
	err := m.timer.run(try, poll)
	if err == nil {
		err = m.err
	}
	m.p, m.timer = nil, nil
	return m.n, err
}

func (m *move) tryFill(fd uintptr) bool {
	n, err := splice(int(fd), m.p.w, m.size)
	if err == nil && n == 0 {
		m.err = io.EOF
		return true
	}
	return m.done(n, err)
}

func (m *move) tryEmpty(fd uintptr) bool { return m.done(splice(m.p.r, int(fd), m.size)) }

// done takes the result of a splice; it returns false if the poller is to wait.
func (m *move) done(n int, err error) bool {
	if err == syscall.EAGAIN {
		m.timer.wait()
		return false
	}
	if m.n = n; err != nil {
		m.err = os.NewSyscallError("splice", err)
	}
	return true
}

func splice(from, to, n int) (int, error) {
	for {
		k, err := unix.Splice(from, nil, to, nil, n, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		if err != syscall.EINTR {
			return int(max(k, 0)), err
		}
	}
}
