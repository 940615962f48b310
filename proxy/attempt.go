package proxy

import (
	"crypto/tls"
	"errors"
	"io"
	"time"

	"causeway/accesslog"
	"causeway/backend"
	"causeway/conn"
	"causeway/fault"
	"causeway/http1"
)

// attempt asks one member. The head and body of its answer go to the client as they come.
func (x *exchange) attempt(m *backend.Member, fresh bool) fault.Fault {
	begin := time.Now()
	x.rec.Attempts = append(x.rec.Attempts, accesslog.Attempt{Member: m.Name, Server: m.Addr, Idle: accesslog.Unset, Stale: accesslog.Unset,
		Hint: accesslog.Unset, Connect: accesslog.Unset, TLS: accesslog.Unset, Send: accesslog.Unset, Wait: accesslog.Unset,
		Receive: accesslog.Unset, HeaderTime: accesslog.Unset, DeclaredIn: -1})
	x.a = &x.rec.Attempts[len(x.rec.Attempts)-1]
	f := x.connect(m, begin, fresh)
	if f.None() {
		x.head(m)
		f = x.roundTrip(begin)
	}
	x.a.Fault = f
	now := time.Now()
	x.a.Total = now.Sub(begin)
	x.leave(m, f, now)
	return f
}

// connect comes by a connection to m: an idle one that may still be used, else a new one.
func (x *exchange) connect(m *backend.Member, begin time.Time, fresh bool) fault.Fault {
	identity := x.target.Group.Identity(m, x.req.Host)
	x.key = conn.Key{Addr: m.Addr}
	if identity != nil {
		x.key.Tag = identity.Tag
	}
	if !fresh && x.reuse(begin) {
		return fault.Fault{}
	}
	deadline := begin.Add(x.state.Local.ConnectTimeout)
	b, err := x.s.h.Dial(m.Addr, deadline)
	if err != nil {
		x.s.h.Purge(x.key) // who refuses a new connection has lost the old ones too
		return fault.Of(err, fault.Connect, false)
	}
	x.b = b
	if identity != nil {
		if f := x.secure(identity, deadline); !f.None() {
			return f
		}
	}
	x.a.Connect = time.Since(begin)
	x.a.LocalPort = b.Info().Local.Port()
	return fault.Fault{}
}

// secure shakes hands with the member under what is left of the connect timeout.
func (x *exchange) secure(identity *backend.Identity, deadline time.Time) fault.Fault {
	begin := time.Now()
	x.a.LocalPort = x.b.Info().Local.Port()
	x.b.SetReadDeadline(deadline)
	x.b.SetWriteDeadline(deadline)
	b, err := conn.TLS(x.b, tls.Client, identity.Config)
	if err != nil {
		return fault.Of(err, fault.TLS, false)
	}
	x.b = b
	x.a.TLS = time.Since(begin)
	return fault.Fault{}
}

// reuse takes an idle connection, if there is one within the limits.
func (x *exchange) reuse(now time.Time) bool {
	local := &x.state.Local
	limit, honour := local.BackendIdleTimeout, local.KeepAliveHint != "ignore"
	b, stale := x.s.h.Take(x.key, func(in *conn.Info) bool { return now.Sub(in.Idle) < idleLimit(in, limit, honour) })
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
func idleLimit(in *conn.Info, limit time.Duration, honour bool) time.Duration {
	if !honour || in.Hint <= 0 {
		return limit
	}
	return min(limit, in.Hint-min(time.Second, in.Hint/2))
}

// roundTrip sends the request and relays the answer.
func (x *exchange) roundTrip(begin time.Time) fault.Fault {
	if x.body.whole {
		return x.inTurn(begin)
	}
	return x.atOnce(begin)
}

// inTurn sends a request whose body is at hand, then takes the answer.
func (x *exchange) inTurn(begin time.Time) fault.Fault {
	x.b.SetWriteDeadline(begin.Add(x.target.Group.Timeout))
	n, err := x.b.Writev(x.out, x.body.memory)
	x.a.BytesOut = int64(max(0, n-len(x.out)))
	sent := time.Now()
	if err != nil {
		return x.answerDespite(err, sent)
	}
	x.a.Send = sent.Sub(begin)
	return x.receive(sent)
}

// answerDespite looks for an answer after the member took no more of the request: a server that refuses a body answers
// first and closes then, and its answer is worth more than our error.
func (x *exchange) answerDespite(writeErr error, sent time.Time) fault.Fault {
	f := fault.Of(writeErr, fault.Send, x.a.Reused)
	if f.Kind == fault.Timeout {
		return f
	}
	x.a.Fault = f
	if g := x.receive(sent); g.None() || x.headSent {
		return g
	}
	return f
}

// errAnswered stops an upload that has lost its purpose: the answer is complete.
var errAnswered = errors.New("the answer is complete")

// atOnce streams the request while it watches for the answer, which may come first.
func (x *exchange) atOnce(begin time.Time) fault.Fault {
	if f := x.welcome(); !f.None() {
		return f
	}
	x.b.SetWriteDeadline(begin.Add(x.target.Group.Timeout))
	if x.body.length >= 0 {
		if n, err := x.b.Writev(x.out, x.body.first); err != nil {
			x.body.end()
			return x.answerDespite(err, time.Now())
		} else {
			x.a.BytesOut = int64(n - len(x.out))
		}
	} else if _, err := x.b.Write(x.out); err != nil {
		x.body.end()
		return x.answerDespite(err, time.Now())
	}
	return x.both(begin)
}

func (x *exchange) both(begin time.Time) fault.Fault {
	var clientErr, memberErr error
	var answer fault.Fault
	up := func() error {
		clientErr, memberErr = x.upload()
		x.a.Send = time.Since(begin)
		if clientErr != nil && !errors.Is(clientErr, conn.ErrStopped) {
			return clientErr
		}
		return nil // a member that takes no more may be answering
	}
	down := func() error {
		if answer = x.receive(time.Time{}); answer.None() {
			return errAnswered
		}
		return io.ErrUnexpectedEOF
	}
	x.s.h.Both(x.s.c, x.b, up, down)
	switch {
	case answer.None() || x.headSent:
		return answer
	case clientErr != nil && !errors.Is(clientErr, conn.ErrStopped):
		return uploadFault(clientErr)
	case memberErr != nil && !errors.Is(memberErr, conn.ErrStopped):
		return fault.Of(memberErr, fault.Send, x.a.Reused)
	}
	return answer
}

// leave settles what becomes of the member's connection: it is kept only after a clean end.
func (x *exchange) leave(m *backend.Member, f fault.Fault, now time.Time) {
	if x.b == nil {
		return
	}
	if !f.None() {
		if k, ok := conn.KernelOf(x.b); ok {
			x.a.RTT, x.a.Retransmits = k.RTT, k.Retransmits
		}
	}
	if x.res.KeepAliveTimeout >= 0 && f.None() {
		x.b.Info().Hint = x.res.KeepAliveTimeout
		x.a.Hint = x.res.KeepAliveTimeout
		m.SetHint(x.res.KeepAliveTimeout)
	}
	switch {
	case !f.None():
		x.b.Reset()
	case x.reusable():
		x.s.h.Give(x.key, x.b, now)
	default:
		x.b.Close()
	}
	x.b = nil
}

// reusable reports whether the member's connection is at the start of another message.
func (x *exchange) reusable() bool {
	return x.clean && !x.res.Close && x.a.Fault.None() && x.body.inStep() && x.a.BytesOut >= x.body.length
}

// head makes the head of the request for the member.
func (x *exchange) head(m *backend.Member) {
	t, r := x.target, &x.req
	x.path = t.AppendPath(x.path[:0], r.Path)
	x.host = t.AppendHost(x.host[:0], m, r.Host)
	b := append(x.out[:0], r.Method...)
	b = append(b, ' ')
	b = x.appendTarget(b)
	b = append(b, " HTTP/1.1\r\n"...)
	b = http1.AppendField(b, "Host", x.host)
	x.dropOddNames()
	b = http1.AppendFields(b, r.Fields, ownFields)
	b = x.appendInserted(b)
	if r.Chunked {
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	if x.wantsUpgrade() {
		b = append(b, "Connection: Upgrade\r\n"...)
		b = http1.AppendField(b, "Upgrade", r.Upgrade)
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
const ownFields = http1.HopByHop | 1<<http1.Host | 1<<http1.Expect | 1<<http1.XForwardedFor | 1<<http1.XForwardedProto |
	1<<http1.XForwardedPort | 1<<http1.XOriginalHost | 1<<http1.XOriginalURL | 1<<http1.XAppGWTraceID
