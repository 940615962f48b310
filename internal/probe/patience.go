package probe

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"time"

	"causeway/internal/conn"
)

// Stalls shows for how much of a time the gateway's own process stood still. A stall.Detector is one.
type Stalls interface {
	Stalled(from, to time.Time) time.Duration
}

// patience is the time that one probe has: its timeout, which counts only while the gateway's process runs. A timer that
// fires when the process wakes up says nothing about an answer that came while it slept. An answer of another member that the gateway
// heard after the timeout does: it could hear.
type patience struct {
	ctx     context.Context // its end ends the wait
	stalls  Stalls
	asked   time.Time
	timeout time.Duration

	witness func(since time.Time) bool // whether the gateway has heard an answer of another member since then; nil: there is none
	late    func()                     // called once, as soon as nobody can judge the probe, though its answer may still come; or nil
	final   time.Time                  // the end of the wait after a witness; zero: there was none
}

const (
	patienceMost = 3           // bounds a probe in a gateway that hardly runs: so many timeouts in all
	lastLook     = time.Second // a wait after a witness, in which an answer that has arrived is read
)

func newPatience(ctx context.Context, stalls Stalls, timeout time.Duration) *patience {
	return &patience{ctx: ctx, stalls: stalls, asked: time.Now(), timeout: timeout}
}

// deadline is when the probe ends, by what is known now.
func (p *patience) deadline() time.Time {
	end := p.asked.Add(p.timeout + p.granted())
	if !p.final.IsZero() && p.final.Before(end) {
		return p.final
	}
	return end
}

// last is the latest that a deadline can be.
func (p *patience) last() time.Time { return p.asked.Add(patienceMost * p.timeout) }

// granted is the time that the probe gets beyond its timeout.
func (p *patience) granted() time.Duration {
	return min(p.stalls.Stalled(p.asked, time.Now()), (patienceMost-1)*p.timeout)
}

// unheard reports whether a timeout proves nothing: the process stood still for so long that even the last deadline gave the member
// less than its timeout, and the gateway heard nobody else meanwhile.
func (p *patience) unheard() bool {
	p.listen()
	if !p.final.IsZero() || p.granted() < (patienceMost-1)*p.timeout {
		return false
	}
	p.doubt()
	return true
}

// goesOn reports whether a wait that ended at an earlier deadline may be taken up again.
func (p *patience) goesOn(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || p.ctx.Err() != nil {
		return false
	}
	p.listen()
	if p.final.IsZero() && patienceMost*p.granted() >= (patienceMost-1)*time.Since(p.asked) {
		p.doubt()
	}
	return p.deadline().After(time.Now())
}

// listen looks for a witness once the timeout has passed.
func (p *patience) listen() {
	if p.final.IsZero() && p.witness != nil && p.witness(p.asked.Add(p.timeout)) {
		p.final = time.Now().Add(lastLook)
	}
}

// doubt says that nobody can judge the probe.
func (p *patience) doubt() {
	if p.late != nil {
		p.late()
		p.late = nil
	}
}

// dial connects to a member. A wait that goes on begins with a new attempt: the kernel has dropped the one before.
func (p *patience) dial(d Dialer, to netip.AddrPort) (conn.Conn, error) {
	for {
		c, err := d.Dial(to, p.deadline())
		if err == nil {
			c.SetWriteDeadline(p.last())
			return &patientConn{c, p}, nil
		}
		if !p.goesOn(err) {
			return nil, err
		}
	}
}

// patientConn is a connection to a member whose reads end at the deadline of a patience. TLS goes on top of it.
type patientConn struct {
	conn.Conn
	patience *patience
}

// Read reads what comes before the deadline.
func (c *patientConn) Read(b []byte) (int, error) {
	for {
		c.SetReadDeadline(c.patience.deadline())
		n, err := c.Conn.Read(b)
		if n > 0 || err == nil || !c.patience.goesOn(err) {
			return n, err
		}
	}
}
