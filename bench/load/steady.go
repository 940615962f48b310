//go:build linux

package load

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long answers are waited for when the last request was sent.
const patience = 2 * time.Second

// crew sends requests at their times, each on a connection that is free, and counts an answer from the time at which
// its request was due: a server that keeps one waiting delays those that come after it, too. It has one thread and
// waits for answers and for its clock at once, since the timers of the runtime come up to a millisecond late.
type crew struct {
	epoll, clock int
	ask          []byte
	clients      map[int32]*client
	free         []*client // the one that has been free for longest comes first
	latencies    []time.Duration
	errors       int
	buf          []byte
	events       [256]unix.EpollEvent
}

// client is one connection.
type client struct {
	fd   int
	due  time.Duration // of the request that is under way, since the start
	head []byte        // of the answer, as far as it came
	left int           // bytes of its body that are to come
}

func steady(s Spec) (Result, error) {
	c := &crew{ask: question(s.Path, ""), clients: map[int32]*client{}, buf: make([]byte, 256<<10)}
	defer c.close()
	if err := c.connect(s.Port, s.Connections); err != nil {
		return Result{}, err
	}
	c.latencies = make([]time.Duration, 0, int(s.Rate*s.Length.Seconds())+1)
	unsent, err := c.play(s.Rate, s.Length)
	if err != nil {
		return Result{}, err
	}
	c.errors += unsent + len(c.clients) - len(c.free) // under way still
	return summarize(c.latencies, c.errors, s.Length), nil
}

func (c *crew) close() {
	for _, x := range c.clients {
		unix.Close(x.fd)
	}
	unix.Close(c.epoll)
	unix.Close(c.clock)
}

func (c *crew) connect(port, n int) (err error) {
	if c.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if c.clock, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return err
	}
	if err := c.watch(c.clock); err != nil {
		return err
	}
	for range n {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		x := &client{fd: fd}
		c.clients[int32(fd)] = x
		c.free = append(c.free, x)
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			return err
		}
		unix.SetNonblock(fd, true)
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		if err := c.watch(fd); err != nil {
			return err
		}
	}
	return nil
}

func (c *crew) watch(fd int) error {
	return unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

// play sends for length, then waits for what is under way. unsent are the requests for which no connection became free.
func (c *crew) play(rate float64, length time.Duration) (unsent int, err error) {
	begin := time.Now()
	due := func(n int) time.Duration { return time.Duration(float64(n) / rate * float64(time.Second)) }
	sent, all := 0, int(rate*length.Seconds())
	for now := time.Duration(0); now < length+patience && (sent < all || len(c.free) < len(c.clients)); now = time.Since(begin) {
		for ; sent < all && due(sent) <= now && len(c.free) > 0; sent++ {
			if err := c.send(due(sent)); err != nil {
				return 0, err
			}
		}
		wait := length + patience - now
		if sent < all && len(c.free) > 0 {
			wait = due(sent) - time.Since(begin)
		}
		if err := c.await(max(wait, 1), begin); err != nil {
			return 0, err
		}
	}
	return all - sent, nil
}

// await waits until answers come, which it reads, or for so long.
func (c *crew) await(wait time.Duration, begin time.Time) error {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(wait.Nanoseconds())}
	if err := unix.TimerfdSettime(c.clock, 0, &spec, nil); err != nil {
		return err
	}
	n, err := unix.EpollWait(c.epoll, c.events[:], -1)
	if err != nil && err != unix.EINTR {
		return err
	}
	for _, e := range c.events[:max(n, 0)] {
		x := c.clients[e.Fd]
		if x == nil { // the clock: it is set anew each time
			unix.Read(c.clock, c.buf[:8])
		} else if err := c.read(x, begin); err != nil {
			return err
		}
	}
	return nil
}

func (c *crew) send(due time.Duration) error {
	x := c.free[0]
	c.free = c.free[1:]
	x.due, x.head, x.left = due, x.head[:0], -1
	if _, err := unix.Write(x.fd, c.ask); err != nil { // it is small, and the socket's buffer empty
		return fmt.Errorf("send a request: %w", err)
	}
	return nil
}

var (
	headEnd       = []byte("\r\n\r\n")
	contentLength = []byte("\r\ncontent-length: ")
	success       = []byte("HTTP/1.1 200 ")
)

// read takes what came of an answer; the end of it makes the connection free.
func (c *crew) read(x *client, begin time.Time) error {
	n, err := unix.Read(x.fd, c.buf)
	if err == unix.EAGAIN || err == unix.EINTR {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read an answer: %w", err)
	}
	if n == 0 {
		return errors.New("read an answer: the server closed the connection")
	}
	if x.left >= 0 {
		x.left -= n
	} else if x.head = append(x.head, c.buf[:n]...); !x.begun() {
		return nil
	}
	if x.left > 0 {
		return nil
	}
	if x.left < 0 {
		return fmt.Errorf("an answer is %d bytes longer than it says", -x.left)
	}
	if bytes.HasPrefix(x.head, success) {
		c.latencies = append(c.latencies, time.Since(begin)-x.due)
	} else {
		c.errors++
	}
	c.free = append(c.free, x)
	return nil
}

// begun reports whether the whole head has come. What is left of the body is known then.
func (x *client) begun() bool {
	end := bytes.Index(x.head, headEnd)
	if end < 0 {
		return false
	}
	head := bytes.ToLower(x.head[:end+2])
	x.left = 0
	if at := bytes.Index(head, contentLength); at >= 0 {
		digits, _, _ := bytes.Cut(head[at+len(contentLength):], []byte("\r"))
		x.left, _ = strconv.Atoi(string(digits))
	}
	x.left -= len(x.head) - end - len(headEnd)
	return true
}
