package conn

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// server is a listener of Goroutines at work.
type server struct {
	e        *Goroutines
	ln       net.Listener
	open     Open
	wg       sync.WaitGroup // the accept loop and the connections
	mu       sync.Mutex
	live     map[*stream]struct{}
	draining atomic.Bool   // nothing more is accepted
	leaving  atomic.Bool   // idle connections are woken
	quit     chan struct{} // closed when draining begins
	once     sync.Once

	// short is since when, at the earliest, clients in the kernel's queue wait for a place; zero: they do not. Only accept
	// touches it.
	short time.Time
}

// drainGrace is how long idle clients have to send one more request, and to learn from its answer that the connection
// ends. A close under a request on its way would lose that request.
const drainGrace = time.Second

// Shutdown stops accepting and waits for the connections. See Server.
func (s *server) Shutdown(deadline time.Time) {
	s.once.Do(func() { s.drain(min(drainGrace, time.Until(deadline)/4)) })
	defer s.e.forget(s)
	done := make(chan struct{})
	go func() { s.wg.Wait(); close(done) }()
	t := time.NewTimer(time.Until(deadline))
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
		s.each((*stream).abort)
		<-done
	}
}

// Stop closes the listening socket.
func (s *server) Stop() { s.ln.Close() }

// Descriptor is one of the listening socket, for another process.
func (s *server) Descriptor() (int, error) { return Descriptor(s.ln) }

// drain stops accepting, and wakes idle connections after a while.
func (s *server) drain(after time.Duration) {
	s.e.mu.Lock() // so that no accept loop is between its look and its wait
	s.draining.Store(true)
	s.e.mu.Unlock()
	s.e.less.Broadcast()
	close(s.quit)
	s.ln.Close()
	time.AfterFunc(after, func() {
		s.leaving.Store(true)
		s.each((*stream).drain)
	})
}

// abort ends a connection that outlived its server. Its goroutine still owns it, and sees every call fail.
func (c *stream) abort() { c.Reset() }

func (s *server) each(f func(*stream)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.live {
		f(c)
	}
}

const (
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
)

func (s *server) accept() {
	defer s.wg.Done()
	pause := firstPause
	for !s.draining.Load() {
		nc, err := s.next()
		if err == nil {
			pause = firstPause
			s.take(nc)
			continue
		}
		if s.draining.Load() || errors.Is(err, net.ErrClosed) {
			return
		}
		s.e.AcceptError(err)
		s.e.relieve(err)
		s.sleep(pause)
		pause = min(2*pause, lastPause)
	}
}

// take starts a connection as soon as there is a place for it.
func (s *server) take(nc net.Conn) {
	switch {
	case !s.room():
		abort(nc)
	case !s.admit(nc):
		nc.Close()
	default:
		s.start(nc)
	}
}

// abort resets a connection that no handler has seen, as the kernel does with those in its queue.
func abort(nc net.Conn) {
	if t, ok := nc.(interface{ SetLinger(int) error }); ok {
		t.SetLinger(0)
	}
	nc.Close()
}

// next accepts a connection. Once an accept has to wait, the kernel's queue is empty: no client there waits for a place.
func (s *server) next() (net.Conn, error) {
	if s.short.IsZero() {
		return s.ln.Accept()
	}
	begin := time.Now()
	nc, err := s.ln.Accept()
	if time.Since(begin) > acceptAtOnce {
		s.short = time.Time{}
	}
	return nc, err
}

// queued is the longest that a client accepted now may have waited for a place.
func (s *server) queued() time.Duration {
	if s.short.IsZero() {
		return 0
	}
	return time.Since(s.short)
}

// acceptAtOnce is how long an accept may take that finds the queue not empty.
const acceptAtOnce = time.Millisecond

func (s *server) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.quit:
	}
}

func (s *server) start(nc net.Conn) {
	c := newStream(nc, s.e.serial.Add(1))
	c.info.Queued, c.since = s.queued(), c.info.Opened
	c.server = s
	s.e.count(1)
	s.mu.Lock()
	s.live[c] = struct{}{}
	s.mu.Unlock()
	s.wg.Add(1)
	go s.serve(c)
}

// serve is the life of a connection.
func (s *server) serve(c *stream) {
	defer s.wg.Done()
	defer s.forget(c)
	defer func() {
		if v := recover(); v != nil {
			c.Reset()
			s.e.report(v)
		}
	}()
	turn := s.open(&s.e.loop, c)
	for more := true; more; {
		if c.top == nil || !c.top.pending() {
			c.await()
		}
		if more = turn(); c.gone.Load() {
			return
		}
		c.mark()
	}
	if c.top != nil {
		c.top.Close()
		return
	}
	c.Close()
}

// mark notes that the client has sent something.
func (c *stream) mark() {
	if !c.spoke {
		c.mu.Lock()
		c.spoke = true
		c.mu.Unlock()
	}
}

func (s *server) forget(c *stream) {
	s.mu.Lock()
	delete(s.live, c)
	s.mu.Unlock()
	s.e.left(c.info.Remote.Addr())
	s.e.count(-1)
}
