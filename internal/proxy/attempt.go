package proxy

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/backend"
	"causeway/internal/conn"
	"causeway/internal/fault"
	"causeway/internal/http1"
)

// attempt is one try on one member, from the choice of the member to the release of its connection. An exchange embeds it
// as a value and starts it anew for each try, so that a try allocates nothing.
type attempt struct {
	x      *exchange // the request that it serves
	member *backend.Member
	rec    *accesslog.Attempt // what the access log says of it
	res    *http1.Response    // head of the member's response
	began  time.Time

	backend conn.Conn // connection to the member; nil: none
	key     conn.Key  // under which backend may be pooled
	private bool      // backend carries a login, or will: it serves this client only

	sentAfter atomic.Int64 // nanoseconds from began until nothing more went to the member; -1: something still does
	sentAll   bool         // and that was the whole request
	nextCheck time.Time    // read deadline of backend while the gateway waits for a head; zero: another one is set
	late      bool         // the request timeout is over, and something has come: the next read has a moment more
	interim   interim

	withheld    *[blockSize]byte // an early answer that waits for the end of the upload; nil: there is none
	withheldEnd int              // bytes of it

	over  time.Time // when its answer was passed on, or, in the end, all of the attempt; zero: not yet
	clean bool      // the response ended where it should, with nothing behind it
	early bool      // it was complete before the request was
}

// tryMember asks one member, starting now. The head and body of its answer go to the client as they arrive.
func (x *exchange) tryMember(m *backend.Member, fresh bool, now time.Time) *fault.Fault {
	a := x.startAttempt(m, now)
	defer m.Done()
	f := a.connect(fresh)
	if f == nil {
		f = a.roundTrip(x.buildHead())
	}
	a.close(f)
	return f
}

// startAttempt opens the record first: it names the path and host even of an attempt that never connects.
func (x *exchange) startAttempt(m *backend.Member, now time.Time) *attempt {
	x.path = x.target.AppendPath(x.path[:0], x.req.Path)
	x.host = x.target.AppendHost(x.host[:0], m, x.req.Host)
	x.try = attempt{x: x, member: m, rec: x.openRecord(m), res: &x.res, began: now}
	x.try.sentAfter.Store(-1)
	return &x.try
}

// openRecord starts the record of one more attempt.
func (x *exchange) openRecord(m *backend.Member) *accesslog.Attempt {
	n := len(x.rec.Attempts)
	x.rec.Attempts = append(x.rec.Attempts, accesslog.Attempt{})
	r := &x.rec.Attempts[n]
	r.Member, r.Server, r.Active = m.Name, m.Addr, m.Begin()
	const unset = accesslog.Unset
	r.Idle, r.Stale, r.Hint, r.Connect, r.TLS = unset, unset, unset, unset, unset
	r.Send, r.Wait, r.Receive, r.HeaderTime, r.RetryAfter = unset, unset, unset, unset, unset
	r.DeclaredIn, r.Least = -1, -1
	return r
}

// timeout is the request timeout of the backend settings.
func (a *attempt) timeout() time.Duration { return a.x.target.Group.Timeout }

// roundTrip sends the request and relays the answer.
func (a *attempt) roundTrip(head []byte) *fault.Fault {
	a.backend.SetWriteDeadline(a.began.Add(a.timeout()))
	if a.x.body.whole {
		return a.sendThenReceive(head)
	}
	return a.stream(head)
}

// sendThenReceive sends a request whose body is in memory, then takes the answer.
func (a *attempt) sendThenReceive(head []byte) *fault.Fault {
	a.nextCheck = a.checkAt(a.began)
	a.backend.SetReadDeadline(a.nextCheck)
	n, at, err := conn.Ask(a.backend, head, a.x.body.memory)
	a.rec.BytesOut = int64(max(0, n-len(head)))
	if err != nil {
		return a.receiveAfterWriteError(err)
	}
	a.sentAll = true
	a.rec.Send = at.Sub(a.began)
	a.sentAfter.Store(int64(a.rec.Send))
	return a.receive()
}

// stream sends the request as its body arrives, and watches for the answer meanwhile: it may come first.
func (a *attempt) stream(head []byte) *fault.Fault {
	if f := a.x.sendContinue(); f != nil {
		return f
	}
	begun := a.x.body.first
	if a.x.body.length < 0 {
		begun = nil // its framing comes off first
	}
	if err := a.send(head, begun); err != nil {
		a.x.body.ended.Store(true)
		return a.receiveAfterWriteError(err)
	}
	return a.relayBoth()
}

// send writes the head, and what came with it of a body that is still arriving.
func (a *attempt) send(head, body []byte) error {
	n, err := a.backend.Writev(head, body)
	a.rec.BytesOut = int64(max(0, n-len(head)))
	return err
}

// sent notes that nothing more goes to the member: its time to answer starts.
func (a *attempt) sent() time.Duration {
	d := time.Since(a.began)
	a.sentAfter.Store(int64(d))
	return d
}

// receiveAfterWriteError looks for an answer although the member took no more of the request: a server that refuses a body
// answers and then closes, and its answer is worth more than our error.
func (a *attempt) receiveAfterWriteError(writeErr error) *fault.Fault {
	a.sent()
	f := faultOf(writeErr, fault.Send, a.rec.Reused)
	if f.Kind == fault.Timeout {
		return f
	}
	if g := a.receive(); g == nil || a.x.headSent || g.Side == fault.Client {
		return g
	}
	return f
}

// relayBoth runs the upload and the answer side by side.
func (a *attempt) relayBoth() *fault.Fault {
	var clientErr, memberErr error
	var answer *fault.Fault
	up := func() error {
		clientErr, memberErr = a.upload()
		a.rec.Send = a.sent()
		if errors.Is(memberErr, os.ErrDeadlineExceeded) {
			return memberErr // it does not even read
		}
		return clientErr // but a member that takes no more may be answering
	}
	down := func() error {
		switch answer = a.receive(); {
		case a.withheld != nil:
			return nil
		case answer != nil:
			return io.ErrUnexpectedEOF
		case a.wantsMore():
			a.early = !a.x.body.ended.Load()
			return nil
		}
		return errAnswered
	}
	a.x.s.loop.Duplex(a.x.s.c, a.backend, up, down)
	return a.outcome(answer, clientErr, memberErr)
}

// outcome decides what a failed side of relayBoth makes of the answer.
func (a *attempt) outcome(answer *fault.Fault, clientErr, memberErr error) *fault.Fault {
	switch {
	case a.withheld != nil:
		return a.passOn(clientErr)
	case answer == nil:
	case failed(clientErr):
		return uploadFault(clientErr)
	case a.x.headSent:
	case failed(memberErr):
		return faultOf(memberErr, fault.Send, a.rec.Reused)
	}
	return answer
}

// failed reports whether a side of Duplex failed on its own, and was not stopped by the other.
func failed(err error) bool { return err != nil && !errors.Is(err, conn.ErrStopped) }

// close ends the attempt: its record, its verdict on the member, its connection.
func (a *attempt) close(f *fault.Fault) {
	if a.over.IsZero() || !a.x.body.whole { // an upload may continue behind the answer
		a.over = time.Now()
	}
	a.rec.Total = a.over.Sub(a.began)
	if f != nil {
		a.rec.Fault, a.rec.Least = *f, a.x.target.Group.LeastActive(a.member)
	}
	a.judge(f)
	a.releaseBackend(f)
}

// judge feeds passive ejection: an answer speaks for the member; a connection that failed, or a new one that closed
// unanswered, speaks against it. A reused one may have met an idle limit, which says nothing about the member's health.
func (a *attempt) judge(f *fault.Fault) {
	x := a.x
	switch {
	case a.rec.Status != 0:
		a.member.Answered()
	case f == nil, f.Side != fault.Backend && f.Side != fault.Network:
	case f.Phase == fault.Connect, f.Phase == fault.TLS,
		(f.Phase == fault.Wait || f.Phase == fault.Send) && !f.Reused && (f.Kind == fault.Closed || f.Kind == fault.Reset):
		if x.target.Group.Failed(a.member, a.over) {
			a.rec.Ejected = true
			x.s.p.metrics.Ejections.WithLabelValues(x.target.Pool, x.target.Settings).Inc()
		}
	}
}
