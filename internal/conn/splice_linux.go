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
	unix.FcntlInt(uintptr(fd[0]), unix.F_SETPIPE_SZ, spliceSize) // refused above the user's quota: a small one works too
	p := &pipe{fd[0], fd[1]}
	runtime.SetFinalizer(p, (*pipe).close)
	return p
}}

func (p *pipe) close() {
	runtime.SetFinalizer(p, nil)
	unix.Close(p.r)
	unix.Close(p.w)
}

// copyTo splices between sockets.
func (c *stream) copyTo(dst Conn, n int64, pace Pace) (done, lost int64, read, write error, ok bool) {
	d, is := dst.(*stream)
	if !is || c.raw == nil || d.raw == nil || n >= 0 && n < spliceMin || len(c.in.ahead) > 0 || c.in.met != nil {
		return 0, 0, nil, nil, false
	}
	p := pipes.Get().(*pipe)
	if p == nil {
		return 0, 0, nil, nil, false
	}
	s := splicer{src: c, dst: d, p: p, pacer: pacer{Pace: pace}}
	s.fill, s.drain = s.tryFill, s.tryDrain
	done, read, write = s.run(n)
	if s.held == 0 {
		pipes.Put(p)
	} else {
		p.close()
	}
	return done, int64(s.held), read, write, true
}

// splicer moves bytes from a socket to another through a pipe.
type splicer struct {
	pacer
	src, dst    *stream
	p           *pipe
	want        int
	held        int // bytes in the pipe
	err         error
	fill, drain func(fd uintptr) bool
}

func (s *splicer) run(n int64) (done int64, read, write error) {
	for n != 0 {
		s.want = spliceSize
		if n > 0 && n < spliceSize {
			s.want = int(n)
		}
		s.await(s.src)
		if read = s.step(&s.src.in.deadlineTimer, s.fill, s.src.raw.Read); read != nil {
			return done, s.src.failed(read), nil
		}
		k := s.held
		s.offer(s.dst)
		write = s.step(&s.dst.out.deadlineTimer, s.drain, s.dst.raw.Write)
		done += int64(k - s.held)
		if write != nil {
			return done, nil, write
		}
		n = left(n, k)
	}
	return done, nil, nil
}

func (s *splicer) step(g *deadlineTimer, try func(uintptr) bool, poll func(func(uintptr) bool) error) error {
	s.err = nil
	if err := g.run(try, poll); err != nil {
		return err
	}
	return s.err
}

func (s *splicer) tryFill(fd uintptr) bool {
	n, err := splice(int(fd), s.p.w, s.want)
	switch {
	case err == syscall.EAGAIN:
		s.src.in.wait()
		return false
	case err != nil:
		s.err = os.NewSyscallError("splice", err)
	case n == 0:
		s.err = io.EOF
	}
	s.held = n
	return true
}

func (s *splicer) tryDrain(fd uintptr) bool {
	for moved := false; s.held > 0; moved = true {
		n, err := splice(s.p.r, int(fd), s.held)
		if err == syscall.EAGAIN {
			if moved {
				s.offer(s.dst)
			}
			s.dst.out.wait()
			return false
		}
		if err != nil {
			s.err = os.NewSyscallError("splice", err)
			return true
		}
		s.held -= n
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
