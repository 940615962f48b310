package conn

import (
	"os"
	"syscall"
	"time"
)

// Ask sends head and body and then waits until c has something to read, has ended, or its read deadline has passed: the
// Read that follows finds out which. n counts what was sent, and at is when the last of it was.
//
// It is Writev and the wait of a Read in one: it arms the poller before the request leaves, which saves a read that would
// find nothing, and holds no buffer while it waits. Where it cannot do that it is Writev alone.
func Ask(c Conn, head, body []byte) (n int, at time.Time, err error) {
	if a, ok := c.(asker); ok {
		return a.ask(head, body)
	}
	n, err = c.Writev(head, body)
	return n, time.Now(), err
}

// asker is a Conn that writes and waits in one.
type asker interface {
	ask(head, body []byte) (int, time.Time, error)
}

func (c *stream) ask(head, body []byte) (int, time.Time, error) {
	if c.raw == nil || len(c.in.ahead) > 0 || c.in.met != nil {
		n, err := c.Writev(head, body)
		return n, time.Now(), err
	}
	r, w := &c.in, &c.out
	if err := w.check(); err != nil {
		return 0, time.Now(), err
	}
	w.p, w.n, w.err, r.asked = [2][]byte{head, body}, 0, nil, time.Time{}
	r.run(r.ask, c.raw.Read) // what ends the wait, a Read meets again
	if w.err == nil && w.left() > 0 {
		if err := w.run(w.try, c.raw.Write); err != nil {
			w.err = err
		}
		r.asked = time.Now()
	}
	w.p = [2][]byte{}
	return w.n, r.asked, w.err
}

// tryAsk is what the poller calls. The first call, with the poller armed, sends and reports that nothing has arrived yet;
// the second means that something has. What the kernel does not take at once goes the ordinary way.
func (c *stream) tryAsk(fd uintptr) bool {
	r, w := &c.in, &c.out
	if !r.asked.IsZero() {
		return true
	}
	n, err := sysWrite(fd, &w.p)
	if err != nil {
		if err != syscall.EAGAIN {
			w.err, r.asked = os.NewSyscallError("write", err), time.Now()
		}
		return true
	}
	if w.sent(n); w.left() > 0 {
		return true
	}
	r.asked = time.Now()
	r.wait()
	return false
}

// left is how many bytes the call under way still has to send.
func (w *writer) left() int { return len(w.p[0]) + len(w.p[1]) }

// sent notes that n more bytes went out.
func (w *writer) sent(n int) {
	w.n += n
	k := min(n, len(w.p[0]))
	w.p[0], w.p[1] = w.p[0][k:], w.p[1][n-k:]
}
