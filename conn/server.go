package conn

import (
	"errors"
	"net"
	"runtime/debug"
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
}

// lastWord is how long idle clients have to send one more request, and to learn from its answer that the connection
// ends. Closing it under a request that is on its way would lose that request.
const lastWord = time.Second

// Shutdown stops accepting and waits for the connections. See Server.
func (s *server) Shutdown(deadline time.Time) {
	s.once.Do(func() { s.drain(min(lastWord, time.Until(deadline)/4)) })
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

// abort ends a connection that outlived its server. Its strand still owns it, and sees every call fail.
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
	for s.room() {
		nc, err := s.ln.Accept()
		if err == nil {
			pause = firstPause
			s.start(nc)
			continue
		}
		if s.draining.Load() || errors.Is(err, net.ErrClosed) {
			return
		}
		s.e.AcceptError(err)
		s.sleep(pause)
		pause = min(2*pause, lastPause)
	}
}

// room waits for a place under the engine's limit; false means that the server is to end.
func (s *server) room() bool {
	e := s.e
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.Limit > 0 && e.live >= e.Limit && !s.draining.Load() {
		if now := time.Now(); now.Sub(e.told) >= time.Minute {
			e.told = now
			e.Full(e.Limit)
		}
		e.less.Wait()
	}
	return !s.draining.Load()
}

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
			s.report(v)
		}
	}()
	turn := s.open(&s.e.home, c)
	for more := true; more; {
		if c.top == nil || !c.top.pending() {
			c.await()
		}
		if more = turn(); c.gone.Load() {
			return
		}
	}
	if c.top != nil {
		c.top.Close()
		return
	}
	c.Close()
}

func (s *server) forget(c *stream) {
	s.mu.Lock()
	delete(s.live, c)
	s.mu.Unlock()
	s.e.count(-1)
}

func (s *server) report(v any) {
	if p, ok := v.(*crash); ok {
		s.e.Panic(p.value, p.stack)
		return
	}
	s.e.Panic(v, debug.Stack())
}
