package proxy

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"time"

	"causeway/internal/certs"
	"causeway/internal/conn"
	"causeway/internal/fault"
	"causeway/internal/http1"
	"causeway/internal/route"
)

// session is a client connection.
type session struct {
	p       *Proxy
	loop    *conn.Loop
	c       conn.Conn
	portKey string
	client  []byte // ip:port, as X-Forwarded-For has it
	served  int    // requests
	opened  bool   // TLS, if any, is done

	protocol, cipher string // of TLS, as the access log has them

	seen *State // the one that port belongs to
	port *route.Port

	pins []pin       // members' connections that belong to this client
	site *route.Site // this connection is known to meet its demands on TLS

	blank     blankLine // how much of an empty line between requests has arrived
	idleSince time.Time // end of the last request; zero: there was none
}

func (p *Proxy) open(port string, loop *conn.Loop, c conn.Conn) conn.Handler {
	s := &session{p: p, loop: loop, c: c, portKey: port, client: c.Info().Remote.AppendTo(nil)}
	if s.seen = p.state.Load(); s.seen.Table.Port(port) == nil {
		return func() bool { return false }
	}
	s.port = s.seen.Table.Port(port)
	s.opened = !s.port.HTTPS
	p.metrics.Connections.Inc()
	c.SetReadDeadline(c.Info().Opened.Add(headTimeout))
	return s.handle
}

// follow adopts the configuration in force. It returns false if that no longer has the listener's port as it was.
func (s *session) follow() bool {
	now := s.p.state.Load()
	if s.seen == now {
		return true
	}
	port := now.Table.Port(s.portKey)
	if port == nil || port.HTTPS != s.port.HTTPS {
		return false
	}
	s.seen, s.port = now, port
	return true
}

// handle serves what the client has sent. See conn.Handler.
func (s *session) handle() (more bool) {
	defer func() {
		if !more {
			s.unpin()
		}
	}()
	if !s.opened {
		return s.handshake()
	}
	x := newExchange(s)
	ended := false
	defer func() {
		if !ended {
			x.crashed()
		}
	}()
	keep := x.serve()
	ended = true
	x.free()
	return keep
}

// crashed cleans up after a request that ended in a panic: it resets the member's connection and writes the record. The
// engine closes the client's connection. The exchange is not used again.
func (x *exchange) crashed() {
	if backend := x.try.backend; backend != nil {
		backend.Reset()
	}
	x.finish(&fault.Fault{Side: fault.Gateway, Phase: fault.Route, Kind: fault.Panicked})
}

// handshake puts TLS on the connection. Later calls of handle serve requests.
func (s *session) handshake() bool {
	if conn.HungUp(s.c) && !s.sentPlain() { // the client cannot finish a handshake
		s.p.metrics.HandshakeFailures.Inc()
		s.leftUnserved()
		return false
	}
	deadline := s.c.Info().Opened.Add(headTimeout)
	s.c.SetReadDeadline(deadline)
	s.c.SetWriteDeadline(deadline)
	c, err := conn.TLS(s.c, tls.Server, s.port.TLS)
	if err != nil {
		s.refuseHandshake(err)
		return false
	}
	s.c, s.opened = c, true
	state := c.Info().TLS
	s.protocol, s.cipher = certs.VersionName(state.Version), certs.SuiteName(state.CipherSuite)
	s.c.SetReadDeadline(time.Now().Add(headTimeout))
	return true
}

// sentPlain reports whether what the client sent first is not TLS. A client that ended its side after such a request waits for an answer.
func (s *session) sentPlain() bool {
	const handshakeRecord = 0x16
	b, ok := conn.FirstByte(s.c)
	return ok && b != handshakeRecord
}

// refuseHandshake answers plain HTTP on an HTTPS port, as Azure does; other failed handshakes count, and have a record where the
// gateway kept the client waiting.
func (s *session) refuseHandshake(err error) {
	if errors.Is(err, conn.ErrDraining) { // it was silent, and gave way
		return
	}
	s.p.metrics.HandshakeFailures.Inc()
	if hasLeft(err) {
		s.leftHandshake()
		return
	}
	var plain tls.RecordHeaderError
	if !errors.As(err, &plain) || !looksLikeHTTP(plain.RecordHeader) {
		return
	}
	x := newExchange(s)
	x.begin(time.Now())
	x.finish(&fault.Fault{Side: fault.Client, Phase: fault.Handshake, Kind: fault.NotTLS})
	x.free()
}

// looksLikeHTTP reports whether bytes begin with a method.
func looksLikeHTTP(b [5]byte) bool {
	for _, c := range b[:3] {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// serve reads requests and answers them in order, until no more of them have arrived.
func (x *exchange) serve() bool {
	s := x.s
	for {
		n, err := s.c.Read(x.in[x.end:])
		if err != nil {
			return x.readFailed(err)
		}
		x.end += n
		for x.skipBlankLines(); x.end > 0; x.skipBlankLines() {
			now := time.Now()
			if x.start.IsZero() {
				x.begin(now)
			}
			err := x.req.Parse(x.in[:x.end], &requestLimits)
			if err == http1.ErrMore {
				s.c.SetReadDeadline(x.start.Add(headTimeout))
				x.grow()
				break
			}
			if err != nil {
				x.refuse(err)
				return false
			}
			if !x.run(now) {
				return false
			}
			s.idleSince = x.done
			x.nextRequest()
		}
		if x.end == 0 {
			if !s.idleSince.IsZero() {
				s.c.SetReadDeadline(s.idleSince.Add(s.seen.idle))
			}
			return true
		}
	}
}

// begin starts the clock of a request, whose first byte is here, and gives it its id and its number on the connection.
func (x *exchange) begin(now time.Time) {
	x.start = now
	x.s.served++
	binary.LittleEndian.PutUint64(x.rec.Transaction[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(x.rec.Transaction[8:], rand.Uint64())
}

// admitted reports whether the handshake of this connection meets what the listener of a request demands of TLS. The name
// in the handshake and the Host of a request may belong to different listeners.
func (s *session) admitted(site *route.Site) bool {
	if !s.port.HTTPS || s.site == site {
		return true
	}
	t := s.c.Info().TLS
	if t == nil || !site.Admits(t.Version, t.CipherSuite) {
		return false
	}
	s.site = site
	return true
}

// readFailed ends a connection on which no whole head arrived. Between requests that is normal. A client that leaves in the
// middle of a head, as a port scan does, has made no request and only counts. One that takes too long gets an answer.
func (x *exchange) readFailed(err error) bool {
	switch f := clientFault(err, fault.Request, fault.Closed); {
	case x.end == 0:
	case f.Kind == fault.Timeout:
		x.finish(f)
	case f.Side == fault.Client: // else the gateway is ending
		x.s.p.metrics.HeadsIncomplete.Inc()
	}
	return false
}

// refuse answers a malformed request.
func (x *exchange) refuse(err error) {
	var broken *http1.Error
	f := &fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.Malformed}
	if errors.As(err, &broken) {
		f.Kind, f.Detail = requestFault(broken.Kind), broken.Kind.String()
	}
	x.finish(f)
}
