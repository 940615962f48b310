package conn

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// room waits for a place under the engine's limit; it returns false if the server is to end.
func (s *server) room() (ok bool) {
	e := s.e
	if e.Limit == 0 {
		return true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.live < e.Limit {
		return !s.draining.Load()
	}
	now := time.Now()
	e.full(&e.Options, now)
	if s.short.IsZero() {
		s.short = now
	}
	for e.live >= e.Limit && !s.draining.Load() {
		e.short.Add(1)
		e.evict(time.Now(), netip.Addr{}, e.live-e.Limit+1)
		again := time.AfterFunc(grace, e.less.Broadcast) // a newcomer counts as silent by then
		e.less.Wait()
		again.Stop()
		e.short.Add(-1)
	}
	return !s.draining.Load()
}

// wake makes listeners that wait for a place look again: a connection has fallen silent. It takes the lock under which they
// look and then wait, so that none of them misses it.
func (e *Goroutines) wake() {
	if e.short.Load() > 0 {
		e.mu.Lock()
		e.less.Broadcast()
		e.mu.Unlock()
	}
}

// relieve evicts silent connections when the process has run out of descriptors, of any address.
func (e *Goroutines) relieve(err error) {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		e.mu.Lock()
		e.evict(time.Now(), netip.Addr{}, 1)
		e.mu.Unlock()
	}
}

// admit reports whether a new connection may stay: an address that holds its share of the places loses one of its own
// silent connections for it, and the new one is closed if none of them is silent.
func (s *server) admit(nc net.Conn) bool {
	e := s.e
	if e.Limit == 0 {
		return true
	}
	from := clientOf(address(nc.RemoteAddr()).Addr())
	e.mu.Lock()
	defer e.mu.Unlock()
	if over := e.clients[from] - share(e.Limit) + 1; over <= 0 || e.evict(time.Now(), from, over) {
		e.hold(from)
		return true
	}
	e.Crowded(from)
	return false
}

// left removes a connection from the count of its address.
func (e *Goroutines) left(a netip.Addr) {
	if e.Limit == 0 {
		return
	}
	from := clientOf(a)
	e.mu.Lock()
	e.release(from)
	e.mu.Unlock()
}

// evict ends the connections that have been silent longest, of one address or (the zero Addr) of all, until as many as
// needed are ending, or a batch more. It reports whether so many are. e.mu is held.
func (e *Goroutines) evict(now time.Time, of netip.Addr, need int) bool {
	var silent []silentClient[*stream]
	for s := range e.servers {
		var going int
		silent, going = s.silent(silent, now, of)
		need -= going
	}
	if need <= 0 {
		return true
	}
	chosen, _ := givingWay(silent, need, e.Limit)
	n := 0
	for _, q := range chosen {
		if q.conn.giveWay() {
			n++
		}
	}
	if n > 0 {
		e.Evicted(n)
	}
	return n >= need
}

// silent appends the connections of s that wait for their clients. going is how many others are ending already.
func (s *server) silent(out []silentClient[*stream], now time.Time, of netip.Addr) (_ []silentClient[*stream], going int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.live {
		if of.IsValid() && clientOf(c.info.Remote.Addr()) != of {
			continue
		}
		q, ok, leaving := c.quiet(now)
		switch {
		case leaving:
			going++
		case ok:
			out = append(out, q)
		}
	}
	return out, going
}

// quiet reports whether the connection waits for its client, and whether it was asked to give way.
func (c *stream) quiet(now time.Time) (q silentClient[*stream], ok, leaving bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return newSilentClient(c, c.spoke, now.Sub(c.since)), c.idle, c.idle && c.evicted
}

// giveWay wakes the connection if it still waits for its client: its handler then ends it. A request that is arriving is
// still served.
func (c *stream) giveWay() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.idle {
		return false
	}
	c.evicted = true
	c.in.stop(draining)
	return true
}
