package peers

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Direction is what a relay does to one direction.
type Direction struct {
	Delay   time.Duration // that every byte, end and reset takes; their order is kept
	Jitter  time.Duration // added to Delay, even between nothing and this, by the seed
	CutAt   int64         // bytes after which the direction ends (FIN) as if all had been said; 0: never
	ResetAt int64         // bytes after which both sides are reset; 0: never
}

// LinkProfile is what a relay does to each connection.
type LinkProfile struct {
	Up, Down   Direction     // from the client to the target; back
	ResetAfter time.Duration // of each connection; 0: never
	// A connection idle for longer is forgotten, as stateful firewalls do: nothing passes, and neither side learns it; 0: never
	Forget time.Duration
	Tell   bool // one who uses a forgotten connection gets a reset
	Seed   uint64

	Sources *Sources // that note what it carries; may be nil
}

// Relay passes TCP connections on to a target, later and worse than they came. Connecting to it takes no time, because
// the kernel answers for it; all that follows takes the time that it should.
type Relay struct {
	course LinkProfile
	target string
	ln     net.Listener
	serial atomic.Uint64

	mu      sync.Mutex
	thawed  sync.Cond
	stalled bool
	closed  bool
	conns   map[*net.TCPConn]bool
	wg      sync.WaitGroup
}

// NewRelay listens on a free port of addr and passes connections on to target.
func NewRelay(addr, target string, c LinkProfile) (*Relay, error) {
	ln, err := net.Listen("tcp", net.JoinHostPort(addr, "0"))
	if err != nil {
		return nil, fmt.Errorf("start a relay: %w", err)
	}
	r := &Relay{course: c, target: target, ln: ln, conns: map[*net.TCPConn]bool{}}
	r.thawed.L = &r.mu
	r.wg.Go(r.accept)
	return r, nil
}

// Addr is where the relay listens, host:port.
func (r *Relay) Addr() string { return r.ln.Addr().String() }

// Stall holds everything back, in both directions, or lets it go on. Connections stay open.
func (r *Relay) Stall(on bool) {
	r.mu.Lock()
	r.stalled = on
	r.thawed.Broadcast()
	r.mu.Unlock()
}

// Reset resets every connection that is open now, on both sides.
func (r *Relay) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		abort(c)
	}
}

// Close ends the relay and its connections.
func (r *Relay) Close() {
	r.ln.Close()
	r.mu.Lock()
	r.closed, r.stalled = true, false
	r.thawed.Broadcast()
	for c := range r.conns {
		abort(c)
	}
	r.mu.Unlock()
	r.wg.Wait()
}

func (r *Relay) accept() {
	for {
		c, err := r.ln.Accept()
		if err != nil {
			return
		}
		r.wg.Go(func() { r.carry(c.(*net.TCPConn)) })
	}
}

const dialWithin = 5 * time.Second

// carry passes one connection on.
func (r *Relay) carry(client *net.TCPConn) {
	c, err := net.DialTimeout("tcp", r.target, dialWithin)
	if err != nil {
		time.Sleep(r.course.Up.Delay + r.course.Down.Delay) // the news of a refusal travels too
		abort(client)
		return
	}
	r.course.Sources.carry(client, c, r.Addr())
	target := c.(*net.TCPConn)
	if !r.hold(client, target) {
		return
	}
	defer r.release(client, target)
	if r.course.ResetAfter > 0 {
		defer time.AfterFunc(r.course.ResetAfter, func() { abort(client); abort(target) }).Stop()
	}
	n := r.serial.Add(1)
	up := newLane(r, r.course.Up, client, target, 2*n)
	down := newLane(r, r.course.Down, target, client, 2*n+1)
	up.back, down.back = down, up
	flow := &flow{limit: r.course.Forget, last: time.Now()}
	up.flow, down.flow = flow, flow
	var wg sync.WaitGroup
	for _, run := range []func(){up.read, up.write, down.read, down.write} {
		wg.Go(run)
	}
	wg.Wait()
}

// hold keeps connections in reach of Reset and Close; false: the relay has ended.
func (r *Relay) hold(conns ...*net.TCPConn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		if r.closed {
			abort(c)
			continue
		}
		r.conns[c] = true
	}
	return !r.closed
}

func (r *Relay) release(conns ...*net.TCPConn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		delete(r.conns, c)
		c.Close()
	}
}

// thaw waits while the relay is stalled.
func (r *Relay) thaw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.stalled {
		r.thawed.Wait()
	}
}

// flow is what a stateful hop knows of a connection.
type flow struct {
	limit time.Duration

	mu        sync.Mutex
	last      time.Time
	forgotten bool
}

// passes reports whether something that comes now goes on.
func (f *flow) passes() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.forgotten = f.forgotten || f.limit > 0 && now.Sub(f.last) > f.limit
	f.last = now
	return !f.forgotten
}

// packet is something under way: bytes, an end or a reset.
type packet struct {
	due   time.Time
	bytes []byte
	end   bool
	reset bool
}

// lane is one direction of a connection: read stamps what comes, write delivers it when it is due.
type lane struct {
	relay    *Relay
	way      Direction
	from, to *net.TCPConn
	back     *lane
	flow     *flow
	queue    chan packet
	rng      *rand.Rand
	last     time.Time
	passed   int64
	broken   atomic.Bool // the writing side has met a reset
}

const laneDepth = 256 // parcels under way before reading waits

func newLane(r *Relay, w Direction, from, to *net.TCPConn, serial uint64) *lane {
	return &lane{
		relay: r,
		way:   w,
		from:  from,
		to:    to,
		queue: make(chan packet, laneDepth),
		rng:   rand.New(rand.NewPCG(r.course.Seed, serial)),
	}
}

func (l *lane) read() {
	defer close(l.queue)
	for {
		b := make([]byte, 16<<10)
		n, err := l.from.Read(b)
		l.relay.course.Sources.pass(b[:n], l.from, l.relay.Addr())
		if n > 0 && !l.post(b[:n]) {
			return
		}
		if err == nil {
			continue
		}
		// A reset that this lane's opposite met while writing to from is one of from's.
		if errors.Is(err, io.EOF) && !l.back.broken.Load() {
			l.send(packet{end: true})
		} else {
			l.send(packet{reset: true})
		}
		return
	}
}

// post sends bytes as far as the way allows; false ends the lane.
func (l *lane) post(b []byte) bool {
	left := func(limit int64) int64 { return max(0, limit-l.passed) }
	switch w := l.way; {
	case w.ResetAt > 0 && int64(len(b)) >= left(w.ResetAt):
		l.send(packet{bytes: b[:left(w.ResetAt)]})
		l.send(packet{reset: true})
		return false
	case w.CutAt > 0 && int64(len(b)) >= left(w.CutAt):
		l.send(packet{bytes: b[:left(w.CutAt)]})
		l.send(packet{end: true})
		return false
	}
	l.passed += int64(len(b))
	l.send(packet{bytes: b})
	return true
}

// send puts something on its way, unless the connection has been forgotten. Nothing overtakes what went before.
func (l *lane) send(p packet) {
	if !l.flow.passes() {
		if l.relay.course.Tell {
			abort(l.from)
		}
		return
	}
	p.due = time.Now().Add(l.way.Delay)
	if l.way.Jitter > 0 {
		p.due = p.due.Add(time.Duration(l.rng.Int64N(int64(l.way.Jitter))))
	}
	if p.due.Before(l.last) {
		p.due = l.last
	}
	l.last = p.due
	l.queue <- p
}

func (l *lane) write() {
	dead := false
	for p := range l.queue {
		if dead {
			continue
		}
		time.Sleep(time.Until(p.due))
		l.relay.thaw()
		switch {
		case p.reset:
			abort(l.to)
			abort(l.from)
			dead = true
		case p.end:
			l.to.CloseWrite()
		default:
			if _, err := l.to.Write(p.bytes); err != nil {
				dead = true
				l.refuse(err)
			}
		}
	}
}

// refuse tells the sender, when the news would have reached it, that nobody takes its bytes.
func (l *lane) refuse(err error) {
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		return
	}
	l.broken.Store(true)
	time.Sleep(l.back.way.Delay)
	abort(l.from)
}

// abort closes with RST.
func abort(c *net.TCPConn) {
	c.SetLinger(0)
	c.Close()
}
