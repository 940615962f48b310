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
	h       *conn.Home
	c       conn.Conn
	portKey string
	client  []byte // ip:port, as X-Forwarded-For has it
	served  int    // requests
	opened  bool   // TLS, if any, is done

	protocol, cipher string // of TLS, as the access log has them

	seen *State // that port belongs to
	port *route.Port

	pins []pin       // members' connections that belong to this client
	site *route.Site // whose demands on TLS this connection is known to meet

	blank     blankLine // what has come of an empty line between requests
	idleSince time.Time // end of the last request; zero: there was none
}

func (p *Proxy) open(port string, h *conn.Home, c conn.Conn) func() bool {
	s := &session{p: p, h: h, c: c, portKey: port, client: c.Info().Remote.AppendTo(nil)}
	if s.seen = p.state.Load(); s.seen.Table.Port(port) == nil {
		return func() bool { return false }
	}
	s.port = s.seen.Table.Port(port)
	s.opened = !s.port.HTTPS
	p.metrics.Connections.Inc()
	c.SetReadDeadline(c.Info().Opened.Add(headTimeout))
	return s.turn
}

// follow takes over the configuration in force. It is false if that no longer has the listener's port as it was.
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

// turn serves what the client has sent. See conn.Open.
func (s *session) turn() (more bool) {
	defer func() {
		if !more {
			s.unpin()
		}
	}()
	if !s.opened {
		return s.handshake()
	}
	x := take(s)
	ended := false
	defer func() {
		if !ended {
			x.crashed()
		}
	}()
	keep := x.serve()
	ended = true
	x.release()
	return keep
}

// crashed is what is left to do for a request that ended in a panic: its record, and the member's connection. The
// engine closes that of the client. The exchange is not used again.
func (x *exchange) crashed() {
	if x.b != nil {
		x.b.Reset()
	}
	x.finish(&fault.Fault{Side: fault.Gateway, Phase: fault.Route, Kind: fault.Panicked})
}

// handshake puts TLS on the connection. Requests come in turns of their own.
func (s *session) handshake() bool {
	deadline := time.Now().Add(headTimeout)
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
	s.c.SetReadDeadline(deadline)
	return true
}

// refuseHandshake answers plain HTTP on an HTTPS port, as Azure does; other handshakes that fail leave a count only.
func (s *session) refuseHandshake(err error) {
	if errors.Is(err, conn.ErrDraining) { // it was silent, and gave way
		return
	}
	s.p.metrics.HandshakeFailures.Inc()
	var plain tls.RecordHeaderError
	if !errors.As(err, &plain) || !looksLikeHTTP(plain.RecordHeader) {
		return
	}
	x := take(s)
	x.begin(time.Now())
	x.finish(&fault.Fault{Side: fault.Client, Phase: fault.Handshake, Kind: fault.NotTLS})
	x.release()
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

// serve reads requests and answers them in order, until the client has said all it had to say.
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
			x.shift()
		}
		if x.end == 0 {
			if !s.idleSince.IsZero() {
				s.c.SetReadDeadline(s.idleSince.Add(s.seen.idle))
			}
			return true
		}
	}
}

// begin starts the clock of a request, whose first byte is here, and gives it its names: the id, and its place on the
// connection.
func (x *exchange) begin(now time.Time) {
	x.start = now
	x.s.served++
	binary.LittleEndian.PutUint64(x.rec.Transaction[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(x.rec.Transaction[8:], rand.Uint64())
}

// admitted reports whether the handshake of this connection meets what the listener of a request asks of TLS. The name in
// the handshake and the Host of a request may be of different listeners.
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

// readFailed ends a connection on which no whole head came. Between requests that is nothing to speak of, and who leaves
// in the middle of a head, as a port scan does, has made no request: that is counted. Who takes too long is answered.
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

// refuse answers a request that is not one.
func (x *exchange) refuse(err error) {
	var broken *http1.Error
	f := &fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.Malformed}
	if errors.As(err, &broken) {
		f.Kind, f.Detail = requestFault(broken.Kind), broken.Kind.String()
	}
	x.finish(f)
}

// requestFault is the kind of fault that a broken rule of HTTP/1.1 comes to.
func requestFault(k http1.Kind) fault.Kind {
	switch k {
	case http1.BadMethod:
		return fault.BadMethod
	case http1.BadTarget:
		return fault.BadURI
	case http1.Version09:
		return fault.Version09
	case http1.BadVersion, http1.UnsupportedVersion:
		return fault.BadVersion
	case http1.NoHost:
		return fault.MissingHost
	case http1.ManyHosts, http1.BadHost:
		return fault.BadHost
	case http1.DuplicateContentLength, http1.BadContentLength, http1.LengthAndCoding:
		return fault.BadLength
	case http1.LineTooLong:
		return fault.URITooLong
	case http1.HeadTooLarge, http1.TooManyFields:
		return fault.TooLarge
	}
	return fault.Malformed
}
