package proxy

import (
	"crypto/tls"
	"errors"
	"io"
	"os"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/backend"
	"causeway/internal/certs"
	"causeway/internal/conn"
	"causeway/internal/fault"
	"causeway/internal/http1"
)

// attempt asks one member, from now on. The head and body of its answer go to the client as they come.
func (x *exchange) attempt(m *backend.Member, fresh bool, now time.Time) *fault.Fault {
	x.began, x.over, x.look, x.heard = now, time.Time{}, time.Time{}, time.Time{}
	x.sentAll, x.bound, x.early = false, false, false
	x.sentAfter.Store(-1)
	x.aim(m)
	x.enter(m)
	defer m.Done()
	f := x.connect(m, fresh)
	if f == nil {
		x.head()
		f = x.roundTrip()
	}
	if x.over.IsZero() || !x.body.whole { // an upload may go on behind the answer
		x.over = time.Now()
	}
	x.a.Total = x.over.Sub(x.began)
	if f != nil {
		x.a.Fault, x.a.Least = *f, x.target.Group.LeastActive(m)
	}
	x.judge(m, f, x.over)
	x.leave(m, f, x.over)
	return f
}

// enter begins what the record says of the attempt.
func (x *exchange) enter(m *backend.Member) {
	n := len(x.rec.Attempts)
	x.rec.Attempts = append(x.rec.Attempts, accesslog.Attempt{})
	a := &x.rec.Attempts[n]
	a.Member, a.Server, a.Active = m.Name, m.Addr, m.Begin()
	a.Idle, a.Stale, a.Hint, a.Connect, a.TLS = accesslog.Unset, accesslog.Unset, accesslog.Unset, accesslog.Unset, accesslog.Unset
	a.Send, a.Wait, a.Receive, a.HeaderTime, a.RetryAfter = accesslog.Unset, accesslog.Unset, accesslog.Unset, accesslog.Unset, accesslog.Unset
	a.DeclaredIn, a.Least = -1, -1
	x.a = a
}

// aim says what the member is asked for. It comes first: the record of an attempt that never connected says it too.
func (x *exchange) aim(m *backend.Member) {
	x.path = x.target.AppendPath(x.path[:0], x.req.Path)
	x.host = x.target.AppendHost(x.host[:0], m, x.req.Host)
}

// judge lets passive ejection follow: an answer speaks for the member; a connection that failed, or a new one that
// closed unanswered, against it. One that had been used before may have met an idle limit, which is no fault of the member's health.
func (x *exchange) judge(m *backend.Member, f *fault.Fault, now time.Time) {
	switch {
	case x.a.Status != 0:
		m.Answered()
	case f == nil, f.Side != fault.Backend && f.Side != fault.Network:
	case f.Phase == fault.Connect, f.Phase == fault.TLS,
		(f.Phase == fault.Wait || f.Phase == fault.Send) && !f.Reused && (f.Kind == fault.Closed || f.Kind == fault.Reset):
		if x.target.Group.Failed(m, now) {
			x.a.Ejected = true
			x.s.p.metrics.Ejections.WithLabelValues(x.target.Pool, x.target.Settings).Inc()
		}
	}
}

// connect comes by a connection to m: an idle one that may still be used, else a new one.
func (x *exchange) connect(m *backend.Member, fresh bool) *fault.Fault {
	identity := x.target.Group.Identity(m, x.req.Host)
	x.key = conn.Key{Addr: m.Addr}
	if identity != nil {
		x.key.Tag = identity.Tag
	}
	if !fresh && x.reuse() {
		return nil
	}
	deadline := x.began.Add(x.state.Local.ConnectTimeout)
	b, err := x.s.h.Dial(m.Addr, deadline)
	if err != nil {
		f := faultOf(err, fault.Connect, false)
		if f.Kind == fault.Refused {
			x.s.h.Purge(x.key) // who refuses a new connection has lost the old ones too
		}
		return f
	}
	x.b = b
	x.a.LocalPort = b.Info().Local.Port()
	if identity != nil {
		if f := x.secure(identity, deadline); f != nil {
			return f
		}
	}
	x.a.Connect = time.Since(x.began)
	return nil
}

// secure shakes hands with the member under what is left of the connect timeout.
func (x *exchange) secure(identity *backend.Identity, deadline time.Time) *fault.Fault {
	begin := time.Now()
	x.b.SetReadDeadline(deadline)
	x.b.SetWriteDeadline(deadline)
	b, err := conn.TLS(x.b, tls.Client, identity.Config)
	if err != nil {
		x.a.Presented = certs.Presented(err)
		return faultOf(err, fault.TLS, false)
	}
	x.b = b
	x.a.TLS = time.Since(begin)
	return nil
}

// reuse takes an idle connection, if there is one within the limits.
func (x *exchange) reuse() bool {
	now, limit, honour := x.began, x.state.Local.BackendIdleTimeout, x.state.honour
	fit := func(in *conn.Info) bool { return now.Sub(in.Idle) < idleLimit(in.Hint, limit, honour) }
	b, stale := x.s.takePin(x.key, fit)
	x.bound = b != nil
	if b == nil && stale < 0 && !x.target.Group.Settings.Dedicated {
		b, stale = x.s.h.Take(x.key, fit)
	}
	if b == nil {
		if stale >= 0 {
			x.a.Stale = stale
		}
		return false
	}
	in := b.Info()
	x.b, x.a.Reused, x.a.Uses = b, true, in.Uses
	x.a.Idle, x.a.Age, x.a.LocalPort = max(0, now.Sub(in.Idle)), now.Sub(in.Opened), in.Local.Port()
	if in.Hint > 0 {
		x.a.Hint = in.Hint
	}
	return true
}

// idleLimit is how long a connection may have been idle and still be used: the gateway's own limit, and, where hints
// are honoured, the limit that the server announced less a margin for what is under way. The margin is a second, or
// half of a short limit: a request must arrive before the server's timer, not leave before it.
func idleLimit(hint, limit time.Duration, honour bool) time.Duration {
	if !honour || hint <= 0 {
		return limit
	}
	return min(limit, hint-min(time.Second, hint/2))
}

// roundTrip sends the request and relays the answer.
func (x *exchange) roundTrip() *fault.Fault {
	x.b.SetWriteDeadline(x.began.Add(x.target.Group.Timeout))
	if x.body.whole {
		return x.inTurn()
	}
	return x.atOnce()
}

// inTurn sends a request whose body is at hand, then takes the answer.
func (x *exchange) inTurn() *fault.Fault {
	x.look = x.nextLook(x.began)
	x.b.SetReadDeadline(x.look)
	n, at, err := conn.Ask(x.b, x.out, x.body.memory)
	x.a.BytesOut = int64(max(0, n-len(x.out)))
	if err != nil {
		return x.answerDespite(err)
	}
	x.sentAll = true
	x.a.Send = at.Sub(x.began)
	x.sentAfter.Store(int64(x.a.Send))
	return x.receive()
}

// send writes the head and what came with it of a body that is still coming.
func (x *exchange) send(body []byte) error {
	n, err := x.b.Writev(x.out, body)
	x.a.BytesOut = int64(max(0, n-len(x.out)))
	return err
}

// sent notes that nothing more goes to the member: its time to answer begins.
func (x *exchange) sent() time.Duration {
	d := time.Since(x.began)
	x.sentAfter.Store(int64(d))
	return d
}

// answerDespite looks for an answer after the member took no more of the request: a server that refuses a body answers
// first and closes then, and its answer is worth more than our error.
func (x *exchange) answerDespite(writeErr error) *fault.Fault {
	x.sent()
	f := faultOf(writeErr, fault.Send, x.a.Reused)
	if f.Kind == fault.Timeout {
		return f
	}
	if g := x.receive(); g == nil || x.headSent || g.Side == fault.Client {
		return g
	}
	return f
}

// atOnce streams the request while it watches for the answer, which may come first.
func (x *exchange) atOnce() *fault.Fault {
	if f := x.welcome(); f != nil {
		return f
	}
	begun := x.body.first
	if x.body.length < 0 {
		begun = nil // its framing is taken off first
	}
	if err := x.send(begun); err != nil {
		x.body.ended.Store(true)
		return x.answerDespite(err)
	}
	return x.both()
}

func (x *exchange) both() *fault.Fault {
	var clientErr, memberErr error
	var answer *fault.Fault
	up := func() error {
		clientErr, memberErr = x.upload()
		x.a.Send = x.sent()
		if errors.Is(memberErr, os.ErrDeadlineExceeded) {
			return memberErr // it does not even read
		}
		return clientErr // but a member that takes no more may be answering
	}
	down := func() error {
		switch answer = x.receive(); {
		case x.withheld != nil:
			return nil
		case answer != nil:
			return io.ErrUnexpectedEOF
		case x.wantsMore():
			x.early = !x.body.ended.Load()
			return nil
		}
		return errAnswered
	}
	x.s.h.Both(x.s.c, x.b, up, down)
	if x.withheld != nil {
		return x.passOn(clientErr)
	}
	switch {
	case answer == nil:
	case failed(clientErr):
		return uploadFault(clientErr)
	case x.headSent:
	case failed(memberErr):
		return faultOf(memberErr, fault.Send, x.a.Reused)
	}
	return answer
}

// failed reports whether a side of Both failed by itself.
func failed(err error) bool { return err != nil && !errors.Is(err, conn.ErrStopped) }

// leave settles what becomes of the member's connection: it is kept only after a clean end.
func (x *exchange) leave(m *backend.Member, f *fault.Fault, now time.Time) {
	b := x.b
	if b == nil {
		return
	}
	x.b = nil
	if s := b.Info().TLS; s != nil {
		x.rec.BackendTLS, x.rec.BackendCipher = certs.VersionName(s.Version), certs.SuiteName(s.CipherSuite)
	}
	if f != nil {
		if k, ok := conn.KernelOf(b); ok {
			x.a.RTT, x.a.Retransmits = k.RTT, k.Retransmits
		}
		b.Reset()
		return
	}
	if hint := x.res.KeepAliveTimeout; hint >= 0 {
		b.Info().Hint, x.a.Hint = hint, hint
		m.SetHint(hint)
	}
	switch {
	case !x.reusable():
		b.Close()
	case x.belongs():
		x.s.givePin(x.key, m, b, now)
	default:
		x.s.h.Give(x.key, b, now)
	}
}

// reusable reports whether the member's connection is at the start of another message, and the member will take one. After
// an early answer nobody knows how much of the request the member has read, or what it makes of the rest.
func (x *exchange) reusable() bool {
	return x.clean && x.sentAll && !x.early && !x.res.Close && !x.interim.odd && (x.res.KeepAliveTimeout != 0 || !x.state.honour)
}

// head makes the head of the request for the member.
func (x *exchange) head() {
	r := &x.req
	b := append(x.out[:0], r.Method...)
	b = append(b, ' ')
	b = x.appendTarget(b)
	b = append(b, " HTTP/1.1\r\n"...)
	b = http1.AppendField(b, "Host", x.host)
	x.dropOddNames()
	b = http1.AppendFields(b, r.Fields, ownFields)
	b = x.appendInserted(b)
	if r.ContentLength >= 0 {
		b = http1.AppendLength(b, r.ContentLength)
	}
	if r.Chunked {
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	if x.wantsUpgrade() {
		b = append(b, "Connection: Upgrade\r\n"...)
		b = http1.AppendField(b, "Upgrade", "websocket")
	}
	x.out = append(b, "\r\n"...)
}

func (x *exchange) appendTarget(b []byte) []byte {
	if len(x.path) == 0 {
		return x.req.AppendTarget(b)
	}
	b = append(b, x.path...)
	if x.req.Query != nil {
		b = append(append(b, '?'), x.req.Query...)
	}
	return b
}

// ownFields are taken off the client's request: those of its connection, and those that the gateway writes itself.
const ownFields = http1.HopByHop | 1<<http1.Host | 1<<http1.ContentLength | 1<<http1.Expect | 1<<http1.XForwardedFor | 1<<http1.XForwardedProto |
	1<<http1.XForwardedPort | 1<<http1.XOriginalHost | 1<<http1.XOriginalURL | 1<<http1.XAppGWTraceID
