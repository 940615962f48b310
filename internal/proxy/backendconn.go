package proxy

import (
	"crypto/tls"
	"time"

	"causeway/internal/backend"
	"causeway/internal/certs"
	"causeway/internal/conn"
	"causeway/internal/fault"
)

// connect gets a connection to the member: an idle one that is still usable, else a new one.
func (a *attempt) connect(fresh bool) *fault.Fault {
	x := a.x
	identity := x.target.Group.Identity(a.member, x.req.Host)
	a.key = conn.Key{Addr: a.member.Addr}
	if identity != nil {
		a.key.Tag = identity.Tag
	}
	if !fresh && a.reuse() {
		return nil
	}
	return a.dial(identity)
}

// dial opens a new connection, with TLS if the member has an identity, within the connect timeout.
func (a *attempt) dial(identity *backend.Identity) *fault.Fault {
	x := a.x
	deadline := a.began.Add(x.state.Local.ConnectTimeout)
	backend, err := x.s.loop.Dial(a.member.Addr, deadline)
	if err != nil {
		f := faultOf(err, fault.Connect, false)
		if f.Kind == fault.Refused {
			x.s.loop.Pool.Drop(a.key) // a member that refuses new connections has lost the old ones too
		}
		return f
	}
	a.backend = backend
	a.rec.LocalPort = backend.Info().Local.Port()
	if identity != nil {
		if f := a.secure(identity, deadline); f != nil {
			return f
		}
	}
	a.rec.Connect = time.Since(a.began)
	return nil
}

// secure runs the TLS handshake with the member, within what remains of the connect timeout.
func (a *attempt) secure(identity *backend.Identity, deadline time.Time) *fault.Fault {
	begin := time.Now()
	a.backend.SetReadDeadline(deadline)
	a.backend.SetWriteDeadline(deadline)
	backend, err := conn.TLS(a.backend, tls.Client, identity.Config)
	if err != nil {
		a.rec.Presented = certs.Presented(err)
		return faultOf(err, fault.TLS, false)
	}
	a.backend = backend
	a.rec.TLS = time.Since(begin)
	return nil
}

// reuse takes an idle connection, if there is one within the limits.
func (a *attempt) reuse() bool {
	x := a.x
	now, limit, honour := a.began, x.state.Local.BackendIdleTimeout, x.state.honour
	fit := func(in *conn.Info) bool { return now.Sub(in.Idle) < idleLimit(in.Hint, limit, honour) }
	backend, stale := x.s.takePin(a.key, fit)
	a.private = backend != nil
	if backend == nil && stale < 0 && !x.target.Group.Settings.Dedicated {
		backend, stale = x.s.loop.Pool.Get(a.key, fit)
	}
	if backend == nil {
		if stale >= 0 {
			a.rec.Stale = stale
		}
		return false
	}
	in := backend.Info()
	a.backend, a.rec.Reused, a.rec.Uses = backend, true, in.Uses
	a.rec.Idle, a.rec.Age, a.rec.LocalPort = max(0, now.Sub(in.Idle)), now.Sub(in.Opened), in.Local.Port()
	if in.Hint > 0 {
		a.rec.Hint = in.Hint
	}
	return true
}

// idleLimit is how long a connection may have been idle and still be used: the gateway's own limit, and, where hints
// are honoured, the limit that the server announced less a margin for the time on the wire. The margin is a second, or
// half of a short limit: a request must arrive before the server's timer fires, not leave before it does.
func idleLimit(hint, limit time.Duration, honour bool) time.Duration {
	if !honour || hint <= 0 {
		return limit
	}
	return min(limit, hint-min(time.Second, hint/2))
}

// releaseBackend settles what becomes of the connection: it survives only a clean end.
func (a *attempt) releaseBackend(f *fault.Fault) {
	x, backend := a.x, a.backend
	if backend == nil {
		return
	}
	a.backend = nil
	if s := backend.Info().TLS; s != nil {
		x.rec.BackendTLS, x.rec.BackendCipher = certs.VersionName(s.Version), certs.SuiteName(s.CipherSuite)
	}
	if f != nil {
		if k, ok := conn.KernelOf(backend); ok {
			a.rec.RTT, a.rec.Retransmits = k.RTT, k.Retransmits
		}
		backend.Reset()
		return
	}
	if hint := a.res.KeepAliveTimeout; hint >= 0 {
		backend.Info().Hint, a.rec.Hint = hint, hint
		a.member.SetHint(hint)
	}
	switch {
	case !a.reusable():
		backend.Close()
	case a.belongsToClient():
		x.s.givePin(a.key, a.member, backend, a.over)
	default:
		x.s.loop.Pool.Put(a.key, backend, a.over)
	}
}

// reusable reports whether the connection is at the start of another message, and the member will take one. After an early
// answer nobody knows how much of the request the member has read, or what it makes of the rest.
func (a *attempt) reusable() bool {
	return a.clean && a.sentAll && !a.early && !a.res.Close && !a.interim.odd && (a.res.KeepAliveTimeout != 0 || !a.x.state.honour)
}
