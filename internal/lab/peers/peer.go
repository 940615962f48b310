// Package peers holds what misbehaves in the lab: servers that follow a script, and relays that delay, stall and reset.
package peers

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
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
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
	s.Sources = p.script.Sources
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

// work takes a worker's time.
func (p *Peer) work(d time.Duration, workers int) {
	p.inside.Add(1)
	defer p.inside.Add(-1)
	defer p.desk(workers)()
	time.Sleep(d)
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
