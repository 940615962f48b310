package peers

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"
)

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
	s.Sources.note(req.Header.Get(RequestHeader), c.raw, c.peer.addr)
	s, frozen := c.peer.now()
	if frozen != nil {
		<-frozen
		return false
	}
	return c.reply(req, c.peer.choose(req, s), s) && c.rest()
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

// last reports whether the answer is the connection's last.
func (c *peerConn) last() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.retired
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
