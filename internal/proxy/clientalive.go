package proxy

import (
	"errors"
	"os"
	"syscall"
	"time"

	"causeway/internal/conn"
	"causeway/internal/fault"
)

// waited is how long the member has kept the gateway waiting: not at all, if it answers before the request is complete.
func (a *attempt) waited(now time.Time) time.Duration {
	after := a.sentAfter.Load()
	if after < 0 {
		return 0
	}
	return max(0, now.Sub(a.began)-time.Duration(after))
}

// checkAt is when a wait for the answer is next interrupted to check on the client.
func (a *attempt) checkAt(now time.Time) time.Time {
	if a.late {
		a.late = false
		return now.Add(firstClientCheck)
	}
	next := now.Add(min(max(now.Sub(a.began), firstClientCheck), clientCheckInterval))
	if limit := a.waitLimit(); !limit.IsZero() && limit.Before(next) {
		return limit
	}
	return next
}

// waitLimit is when the request timeout passes; zero while the request is still being sent.
func (a *attempt) waitLimit() time.Time {
	after := a.sentAfter.Load()
	if after < 0 {
		return time.Time{}
	}
	from := a.began.Add(time.Duration(after))
	if a.interim.last.After(from) {
		from = a.interim.last
	}
	return from.Add(a.timeout())
}

// interrupted decides whether an interrupted wait goes on; nil: it does. The client comes first: if it is gone, nothing
// else matters, not even that the member failed or ran out of time at the same moment. What has arrived when the time is over
// may have been there for long: the gateway had no time to look.
func (a *attempt) interrupted(err error, now time.Time, phase fault.Phase) *fault.Fault {
	if errors.Is(err, conn.ErrStopped) { // the upload failed, and says why
		return &fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Reset}
	}
	if gone := a.x.clientGone(); gone != nil {
		return clientFault(gone, fault.Wait, fault.Closed)
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return faultOf(err, phase, a.rec.Reused)
	}
	if limit := a.waitLimit(); limit.IsZero() || now.Before(limit) {
		return nil
	}
	if a.late = a.backend.Peer() == conn.PeerReadable; a.late {
		return nil
	}
	return &fault.Fault{Side: fault.Backend, Phase: phase, Kind: fault.Timeout, Reused: a.rec.Reused}
}

// abandoned finds out whether the client left while its request waited to be read, as clients of a gateway do that falls
// behind: no member is to work for them. A client that only ended its side is asked, and that takes a moment, so a request
// that was read in time goes on at once. The record of a connection's first request has the wait.
func (x *exchange) abandoned(now time.Time) *fault.Fault {
	if !conn.HungUp(x.s.c) {
		return nil
	}
	came := conn.Arrived(x.s.c)
	if came.IsZero() || now.Sub(later(came, x.s.idleSince)) < firstClientCheck {
		return nil
	}
	gone := x.clientGone()
	if gone == nil {
		return nil
	}
	if x.s.served == 1 {
		x.start = later(came, x.s.c.Info().Opened)
	}
	return clientFault(gone, fault.Pick, fault.Closed)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// clientGone finds out whether the client still wants its answer; the error says how it left. A client that ended its
// side may merely have finished its request. So the gateway probes it, once: an interim response is harmless to a client
// that waits, and one that left answers it with a reset, which gets a moment to arrive. The probe is a 100 because every
// client of HTTP/1.1 skips that, while some take any other for the answer. HTTP/1.0 knows no interim responses, so its
// clients are not probed.
func (x *exchange) clientGone() error {
	if !x.body.ended.Load() {
		return nil
	}
	peer := x.s.c.Peer()
	if peer == conn.PeerHalfClosed {
		if err := x.probeClient(); err != nil {
			return err
		}
		peer = x.s.c.Peer()
	}
	if peer == conn.PeerReset {
		return syscall.ECONNRESET
	}
	return nil
}

// probeClient sends the probe, unless it was sent before. The error says that the connection is over on our side already.
func (x *exchange) probeClient() error {
	var probe []byte
	if x.req.Minor == 1 && !x.clientProbed {
		probe = continueResponse
	}
	x.clientProbed = true
	x.s.c.SetWriteDeadline(time.Now().Add(deliverTime))
	n, err := x.s.c.Write(probe)
	if x.sentBytes += int64(n); n > 0 && err == nil {
		x.s.loop.Do(func() { time.Sleep(clientProbeTimeout) })
	}
	return err
}
