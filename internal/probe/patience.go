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
// fires when the process wakes up says nothing about an answer that came while it slept.
type patience struct {
	ctx     context.Context // its end ends the wait
	stalls  Stalls
	asked   time.Time
	timeout time.Duration
}

// patienceMost bounds a probe in a gateway that hardly runs: so many timeouts in all.
const patienceMost = 3

func newPatience(ctx context.Context, stalls Stalls, timeout time.Duration) *patience {
	return &patience{ctx: ctx, stalls: stalls, asked: time.Now(), timeout: timeout}
}

// deadline is when the probe ends, by what is known now.
func (p *patience) deadline() time.Time { return p.asked.Add(p.timeout + p.granted()) }

// last is the latest that a deadline can be.
func (p *patience) last() time.Time { return p.asked.Add(patienceMost * p.timeout) }

// granted is the time that the probe gets beyond its timeout.
func (p *patience) granted() time.Duration {
	return min(p.stalls.Stalled(p.asked, time.Now()), (patienceMost-1)*p.timeout)
}

// exhausted reports whether the process stood still for so long that even the last deadline gave a member less than its timeout.
func (p *patience) exhausted() bool { return p.granted() == (patienceMost-1)*p.timeout }

// goesOn reports whether a wait that ended at an earlier deadline may be taken up again.
func (p *patience) goesOn(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && p.ctx.Err() == nil && p.deadline().After(time.Now())
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
