package lab

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Script is how a peer behaves. Its zero value is a well-behaved server that answers 200 to everything at once.
type Script struct {
	Reply Reply            // to every request
	Paths map[string]Reply // to requests for these paths instead

	TLS      *tls.Config
	Idle     time.Duration // a connection is closed this long after its last answer, or after it was accepted; 0: never
	Announce time.Duration // told to clients as Keep-Alive: timeout, in whole seconds; 0: nothing is
	MaxUses  int           // requests after which a connection ends when the next one comes; 0: no limit
	MaxAge   time.Duration // after which a connection is closed, whatever it does; 0: no limit
	Seed     uint64

	Host     string // the only one that is served; others get 404; empty: all are
	Workers  int    // requests that are worked on at once, the others wait; 0: all
	Shed     int    // requests at once beyond which more are refused with 503; 0: none are
	MaxConns int    // connections beyond which more are closed at once; 0: no limit
	Mute     bool   // connections are accepted and nothing is ever said on them
	Banner   string // said on every connection before anything is asked, after which it is closed
}

// Reply is what a peer does with a request.
type Reply struct {
	After   func(*rand.Rand) time.Duration // time between request and answer; nil: none
	Header  http.Header
	Body    int    // bytes
	Text    string // body, instead of Body bytes
	Chunked bool
	Raw     string // the whole answer as it stands on the wire, instead of what the rest makes of it
	Before  string // bytes that go before the answer
	Read    int64  // bytes of the request's body that are read before the answer; 0: all, Nothing: none

	// What goes wrong, for all requests or by Odds.
	KillAt  time.Duration // a request that would take longer is ended at that time without an answer; 0: none is
	Odds    float64       // share of requests that the rest holds for, by the peer's dice; 0: all
	Status  int           // 200 if zero
	Declare int           // Content-Length, if not that of the body
	Never   bool          // there is no answer; the connection stays open
	End     Ending        // how the connection ends; Keep: it does not
	EndAt   int           // byte of the answer at which it ends, or rests; 0: before the first
	Rest    time.Duration // before it ends or goes on there
	Pieces  int           // in which the bytes up to there come; 0: one
	Pause   time.Duration // between two of them
}

// plain is the reply without what goes wrong.
func (r Reply) plain() Reply {
	r.Status, r.Declare, r.Never, r.End, r.Rest, r.Raw, r.Before = 0, 0, false, Keep, 0, "", ""
	return r
}

// Nothing is a request body left unread.
const Nothing = -1

// Ending is how a peer ends a connection.
type Ending uint8

// Ways to end a connection.
const (
	Keep  Ending = iota
	Close        // FIN
	Reset        // RST
)

// Peer is a server that misbehaves by a script. Its connections are real unless its listener is not.
type Peer struct {
	addr     string
	port     *port // nil for a listener of another network
	requests atomic.Int64
	accepted atomic.Int64

	mu     sync.Mutex
	script Script
	rng    *rand.Rand
	ln     net.Listener
	conns  map[net.Conn]*peerConn
	fill   []net.Conn // that keep the queue of a black hole full
	frozen chan struct{}
	desks  chan struct{} // of workers, once there are any
	wg     sync.WaitGroup

	inside atomic.Int64 // requests that were taken and are not answered yet
}

// StartPeer listens on a TCP port of addr, an IPv4 address alone or with its port, that is the peer's until its end.
func StartPeer(addr string, s Script) (*Peer, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil { // an address alone
		host, err := netip.ParseAddr(addr)
		if err != nil {
			return nil, fmt.Errorf("start a peer: %w", err)
		}
		at = netip.AddrPortFrom(host, 0)
	}
	own, err := holdPort(at)
	if err != nil {
		return nil, fmt.Errorf("start a peer: %w", err)
	}
	ln, err := own.Listen()
	if err != nil {
		own.Close()
		return nil, fmt.Errorf("start a peer: %w", err)
	}
	p := NewPeer(ln, s)
	p.port = own
	return p, nil
}

// NewPeer serves on a listener of any network.
func NewPeer(ln net.Listener, s Script) *Peer {
	p := &Peer{addr: ln.Addr().String(), script: s, rng: rand.New(rand.NewPCG(s.Seed, 0)), conns: map[net.Conn]*peerConn{}}
	p.serve(ln)
	return p
}

// Addr is where the peer listens, host:port, also while it does not.
func (p *Peer) Addr() string { return p.addr }

// Requests is how many requests have been read so far.
func (p *Peer) Requests() int { return int(p.requests.Load()) }

// Accepted is how many connections have been accepted so far.
func (p *Peer) Accepted() int { return int(p.accepted.Load()) }

// Rewrite gives the peer another script from the next request on.
func (p *Peer) Rewrite(s Script) {
	p.mu.Lock()
	p.script = s
	p.mu.Unlock()
}

// Kill is a crash: the port refuses, and every connection is reset.
func (p *Peer) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopListening()
	for c := range p.conns {
		resetConn(c)
	}
}

// Retire is a graceful stop: the port refuses, connections end once they have answered what was asked.
func (p *Peer) Retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopListening()
	for _, c := range p.conns {
		c.retire()
	}
}

// Deafen closes the port and goes on serving the connections that there are.
func (p *Peer) Deafen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopListening()
}

// Restart listens again on the same port.
func (p *Peer) Restart() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopListening()
	ln, err := p.port.Listen()
	if err != nil {
		return fmt.Errorf("restart a peer on its port: %w", err)
	}
	p.serve(ln)
	return nil
}

// Blackhole makes the peer silent: what it has is answered no more, and an attempt to connect is not answered either.
// The kernel does the latter without a firewall: a queue of accepted connections that is full drops every SYN. So the
// port is opened again with the shortest queue there is and filled.
func (p *Peer) Blackhole() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopListening()
	p.frozen = make(chan struct{})
	ln, err := p.port.Listen()
	if err != nil {
		return fmt.Errorf("open a port that nobody accepts on: %w", err)
	}
	p.ln = ln
	if err := shortQueue(ln.(*net.TCPListener)); err != nil {
		return err
	}
	const queueMax = 16
	for range queueMax {
		c, err := net.DialTimeout("tcp", p.addr, 150*time.Millisecond)
		if err != nil {
			return nil // full
		}
		p.fill = append(p.fill, c)
	}
	return errors.New("fill the queue of a port: it took every connection; is this not Linux?")
}

// shortQueue makes the queue of a listening socket as short as can be.
func shortQueue(ln *net.TCPListener) error {
	raw, err := ln.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), 0) }); err != nil {
		return err
	}
	return failed
}

// End stops the peer and waits until nothing of it is left.
func (p *Peer) End() {
	p.Kill()
	p.wg.Wait()
	if p.port != nil {
		p.port.Close()
		p.port = nil
	}
}

// stopListening closes the port; p.mu is held.
func (p *Peer) stopListening() {
	if p.ln != nil {
		p.ln.Close()
		p.ln = nil
	}
	for _, c := range p.fill {
		resetConn(c)
	}
	p.fill = nil
	if p.frozen != nil {
		close(p.frozen)
		p.frozen = nil
	}
}

// serve accepts from ln; p.mu is held, or nobody knows p yet.
func (p *Peer) serve(ln net.Listener) {
	p.ln = ln
	p.wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			p.accepted.Add(1)
			p.wg.Go(func() { p.attend(c) })
		}
	})
}

// attend serves one connection to its end.
func (p *Peer) attend(raw net.Conn) {
	p.mu.Lock()
	s := p.script
	c := &peerConn{peer: p, raw: raw, c: raw}
	p.conns[raw] = c
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, raw)
		p.mu.Unlock()
		raw.Close()
	}()
	if p.turnedAway(c, s) {
		return
	}
	if s.TLS != nil {
		c.c = tls.Server(raw, s.TLS)
	}
	if s.MaxAge > 0 {
		defer time.AfterFunc(s.MaxAge, func() { raw.Close() }).Stop()
	}
	c.in = bufio.NewReader(c.c)
	for c.turn() {
	}
}

// turnedAway deals with a connection on which no request is taken.
func (p *Peer) turnedAway(c *peerConn, s Script) bool {
	switch {
	case s.Mute:
		io.Copy(io.Discard, c.raw)
	case s.Banner != "":
		io.WriteString(c.raw, s.Banner)
		c.raw.(interface{ CloseWrite() error }).CloseWrite()
		io.Copy(io.Discard, c.raw)
	default:
		return s.MaxConns > 0 && p.open() > s.MaxConns
	}
	return true
}

// open is how many connections there are.
func (p *Peer) open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// desk waits for a free worker and returns what frees it again.
func (p *Peer) desk(workers int) (leave func()) {
	if workers == 0 {
		return func() {}
	}
	p.mu.Lock()
	if p.desks == nil {
		p.desks = make(chan struct{}, workers)
	}
	desks := p.desks
	p.mu.Unlock()
	desks <- struct{}{}
	return func() { <-desks }
}

// now is the script in force and, while the peer is a black hole, what it waits for.
func (p *Peer) now() (Script, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.script, p.frozen
}

// peerConn is one connection of a peer.
type peerConn struct {
	peer *Peer
	raw  net.Conn
	c    net.Conn // raw, or TLS on it
	in   *bufio.Reader
	uses int

	mu      sync.Mutex
	busy    bool
	retired bool
}

// turn takes one request; false ends the connection.
func (c *peerConn) turn() bool {
	s, _ := c.peer.now()
	if s.Idle > 0 {
		c.c.SetReadDeadline(time.Now().Add(s.Idle))
	}
	if _, err := c.in.Peek(1); err != nil {
		return false
	}
	if !c.begin() || s.MaxUses > 0 && c.uses >= s.MaxUses {
		return false
	}
	c.c.SetReadDeadline(time.Time{})
	req, err := http.ReadRequest(c.in)
	if err != nil {
		return false
	}
	c.uses++
	c.peer.requests.Add(1)
	s, frozen := c.peer.now()
	if frozen != nil {
		<-frozen
		return false
	}
	return c.reply(req, c.peer.choose(req, s), s) && c.rest()
}

// choose is the reply to a request.
func (p *Peer) choose(req *http.Request, s Script) Reply {
	reply, special := s.Paths[req.URL.Path]
	switch host, _, _ := strings.Cut(req.Host, ":"); {
	case s.Host != "" && host != s.Host:
		return Reply{Status: http.StatusNotFound, Text: "no such site\n"}
	case special:
		return reply
	case s.Shed > 0 && int(p.inside.Load()) >= s.Shed:
		return Reply{Status: http.StatusServiceUnavailable, Text: "busy\n", Header: http.Header{"Retry-After": {"1"}}}
	}
	return s.Reply
}

// begin marks the connection busy; false: it was retired before the request came.
func (c *peerConn) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = true
	return !c.retired
}

// rest marks the connection idle; false: it has served its time.
func (c *peerConn) rest() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	return !c.retired
}

// retire closes the connection if it is idle, else after its answer.
func (c *peerConn) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retired = true
	if !c.busy {
		c.raw.Close()
	}
}

func (c *peerConn) reply(req *http.Request, r Reply, s Script) bool {
	if !r.take(req.Body) {
		return false
	}
	r, wait := c.peer.draw(r)
	if r.KillAt > 0 && wait > r.KillAt {
		wait, r.End, r.EndAt = r.KillAt, Close, 0
	}
	if wait > 0 {
		c.peer.work(wait, s.Workers)
	}
	if r.Never {
		c.in.ReadByte() // until the other side gives up
		return false
	}
	if _, frozen := c.peer.now(); frozen != nil {
		<-frozen
		return false
	}
	last := c.last()
	b := r.bytes(req, s, last)
	if r.End != Keep || r.Rest > 0 {
		at := min(r.EndAt, len(b))
		for n := r.Pieces; n > 1; n-- {
			c.c.Write(b[:at/n])
			b, at = b[at/n:], at-at/n
			time.Sleep(r.Pause)
		}
		c.c.Write(b[:at])
		time.Sleep(r.Rest)
		b = b[at:]
	}
	if r.End != Keep {
		c.end(r.End)
		return false
	}
	_, err := c.c.Write(b)
	return err == nil && !last
}

// work takes a worker's time.
func (p *Peer) work(d time.Duration, workers int) {
	p.inside.Add(1)
	defer p.inside.Add(-1)
	defer p.desk(workers)()
	time.Sleep(d)
}

// take reads as much of a request's body as the reply wants; false: it did not come.
func (r Reply) take(body io.Reader) bool {
	var err error
	switch {
	case r.Read == 0:
		_, err = io.Copy(io.Discard, body)
	case r.Read > 0:
		_, err = io.CopyN(io.Discard, body, r.Read)
	}
	return err == nil || r.Read > 0 && errors.Is(err, io.EOF)
}

// last reports whether the answer is the connection's last.
func (c *peerConn) last() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.retired
}

// draw takes from the peer's dice what a reply leaves to chance.
func (p *Peer) draw(r Reply) (Reply, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Odds > 0 && p.rng.Float64() >= r.Odds {
		r = r.plain()
	}
	if r.After == nil {
		return r, 0
	}
	return r, r.After(p.rng)
}

// bytes is the answer on the wire.
func (r Reply) bytes(req *http.Request, s Script, last bool) []byte {
	if r.Raw != "" {
		return []byte(r.Raw)
	}
	body := r.Text
	if body == "" {
		body = strings.Repeat("x", r.Body)
	}
	var b strings.Builder
	status := r.Status
	if status == 0 {
		status = http.StatusOK
	}
	b.WriteString(r.Before)
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	r.Header.Write(&b)
	if s.Announce > 0 {
		fmt.Fprintf(&b, "Connection: keep-alive\r\nKeep-Alive: timeout=%d\r\n", int(s.Announce.Seconds()))
	}
	if last {
		b.WriteString("Connection: close\r\n")
	}
	switch {
	case status == http.StatusNoContent || status == http.StatusNotModified:
		b.WriteString("\r\n")
		return []byte(b.String())
	case r.Chunked:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		if body = chunked(body); req.Method == http.MethodHead {
			body = ""
		}
	case r.Declare > 0:
		b.WriteString("Content-Length: " + strconv.Itoa(r.Declare) + "\r\n\r\n")
	default:
		b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n")
	}
	if req.Method != http.MethodHead || r.Chunked {
		b.WriteString(body)
	}
	return []byte(b.String())
}

func chunked(body string) string {
	if body != "" {
		body = fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
	}
	return body + "0\r\n\r\n"
}

func (c *peerConn) end(how Ending) {
	if how == Reset {
		resetConn(c.raw)
		return
	}
	c.raw.Close()
}

// resetConn closes with RST, on a network that knows it.
func resetConn(c net.Conn) {
	if l, ok := c.(interface{ SetLinger(int) error }); ok {
		l.SetLinger(0)
	}
	c.Close()
}

// Always is a time that does not vary.
func Always(d time.Duration) func(*rand.Rand) time.Duration {
	return func(*rand.Rand) time.Duration { return d }
}

// Between is a time that varies evenly between two bounds.
func Between(low, high time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration { return low + time.Duration(r.Int64N(int64(high-low)+1)) }
}
