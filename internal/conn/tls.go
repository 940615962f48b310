package conn

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"reflect"
	"sync"
	"time"
)

// TLS puts TLS on c and runs the handshake under c's deadlines. side is tls.Server or tls.Client.
// Use only the returned Conn afterwards; on an error close c.
//
// The error of a failed handshake wraps an *Alert if one side sent an alert, and *tls.CertificateVerificationError if
// we refused the peer's certificate.
//
// crypto/tls writes while it holds a lock that its reader may want too (a key update, an alert), so TLS gathers records
// while the lock is held and sends them after it is released. That also makes one system call of a head, a body and all
// their records.
func TLS(c Conn, side func(net.Conn, *tls.Config) *tls.Conn, cfg *tls.Config) (Conn, error) {
	s := &secure{Conn: c}
	s.t = side((*tlsCarrier)(s), noting(cfg, &s.asked))
	err := s.t.Handshake()
	if errors.Is(err, ErrReset) {
		c.Reset()
		return nil, fmt.Errorf("TLS handshake with %s: %w", c.Info().Remote, err)
	}
	if e := s.flush(); err == nil {
		err = e
	}
	if err != nil {
		return nil, fmt.Errorf("TLS handshake with %s: %w", c.Info().Remote, alerted(err, s.asked))
	}
	state := s.t.ConnectionState()
	c.Info().TLS = &state
	if b, ok := c.(stackable); ok {
		b.stack(s)
	}
	return s, nil
}

// ErrReset resets the connection without an alert when a GetConfigForClient returns it.
var ErrReset = errors.New("the connection is reset")

// noting returns cfg with a note of whether the peer asked for a certificate, if cfg has none. A server that misses one
// sends the same alert as a server that finds no common cipher suite.
func noting(cfg *tls.Config, asked *bool) *tls.Config {
	if len(cfg.Certificates) > 0 || cfg.GetClientCertificate != nil || cfg.GetCertificate != nil || cfg.GetConfigForClient != nil {
		return cfg
	}
	cfg = cfg.Clone()
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		*asked = true
		return &tls.Certificate{}, nil // none, as without this function
	}
	return cfg
}

// An Alert is a TLS alert that ended a connection. It wraps its code.
type Alert struct {
	Remote bool // the peer sent it
	Code   tls.AlertError
	asked  bool
}

func (a *Alert) Error() string {
	if a.Remote {
		return "the peer sent the TLS alert: " + a.Code.Error()
	}
	return "sent the TLS alert: " + a.Code.Error()
}

// Alert returns the number, and whether the peer sent it.
func (a *Alert) Alert() (code uint8, remote bool) { return uint8(a.Code), a.Remote }

// Asked reports whether the peer had asked for a certificate before, and got none.
func (a *Alert) Asked() bool { return a.asked }

// Unwrap returns the code, a tls.AlertError.
func (a *Alert) Unwrap() error { return a.Code }

// alerted finds the alert in an error of crypto/tls, which has a type for it but uses that for QUIC alone.
func alerted(err error, asked bool) error {
	var op *net.OpError
	if !errors.As(err, &op) || op.Err == nil || op.Op != "remote error" && op.Op != "local error" {
		return err
	}
	if v := reflect.ValueOf(op.Err); v.Kind() == reflect.Uint8 {
		return &Alert{Remote: op.Op == "remote error", Code: tls.AlertError(v.Uint()), asked: asked}
	}
	return err
}

// secure is a Conn over TLS; the embedded Conn carries the records.
type secure struct {
	Conn
	t     *tls.Conn
	asked bool // the peer asked for a certificate in the handshake, and got none

	rmu  sync.Mutex // held by a read, so that Peer keeps out
	dry  bool       // only look at what crypto/tls already holds
	look bool       // when dry: take also what the carrier has at hand
	held [1]byte
	has  bool // held is the first byte to return

	mu      sync.Mutex // guards what follows; never held across a wait
	out     []byte     // records to send
	spare   []byte
	sending bool
	broken  error // of a flush: records were cut or lost, so none may follow
}

const (
	outMax          = 64 << 10       // plaintext sealed before a flush
	outSize         = outMax + 8<<10 // and its records
	closeNotifyTime = time.Second    // for close_notify to leave
)

func (s *secure) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.rmu.Lock()
	defer s.rmu.Unlock()
	if s.has {
		s.has, p[0] = false, s.held[0]
		s.dry = true
		n, _ = s.t.Read(p[1:])
		s.dry = false
		return n + 1, nil
	}
	n, err = s.t.Read(p)
	s.flush() // a reply to a key update, an alert; the next write reports its error
	if err != nil {
		err = alerted(err, s.asked)
	}
	return n, err
}

func (s *secure) pending() bool {
	s.rmu.Lock()
	defer s.rmu.Unlock()
	return s.ready()
}

// ready reads one byte ahead without waiting. An end or an alert counts: the handler is to read it.
func (s *secure) ready() bool {
	if s.has {
		return true
	}
	s.dry = true
	n, err := s.t.Read(s.held[:])
	s.dry = false
	s.has = n == 1
	return s.has || err != nil && err != errDry
}

// Peer lets crypto/tls look at what has arrived: it may be only a close_notify, or no data at all.
func (s *secure) Peer() PeerState {
	if !s.rmu.TryLock() {
		return s.Conn.Peer() // a read is under way, and will see
	}
	defer s.rmu.Unlock()
	if s.has {
		return PeerReadable
	}
	p := s.Conn.Peer()
	if p != PeerReadable {
		return p
	}
	s.look = true
	over := s.ready()
	s.look = false
	switch {
	case s.has:
		return PeerReadable
	case over:
		return PeerHalfClosed
	}
	return PeerIdle
}

func (s *secure) Write(p []byte) (int, error) { return s.Writev(p, nil) }

func (s *secure) Writev(head, body []byte) (n int, err error) {
	for _, p := range [2][]byte{head, body} {
		for len(p) > 0 {
			k := min(len(p), outMax)
			if _, err = s.t.Write(p[:k]); err != nil {
				return n, alerted(err, s.asked)
			}
			n, p = n+k, p[k:]
			if len(p) > 0 {
				if err = s.flush(); err != nil {
					return n, err
				}
			}
		}
	}
	return n, s.flush()
}

func (s *secure) CloseWrite() error {
	s.t.CloseWrite()
	s.flush()
	return s.Conn.CloseWrite()
}

func (s *secure) Close() error {
	s.Conn.SetWriteDeadline(time.Now().Add(closeNotifyTime))
	s.t.CloseWrite()
	s.flush()
	return s.Conn.Close()
}

// flush sends the gathered records, unless another flush is under way: that one sends them too.
func (s *secure) flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.sending && len(s.out) > 0 && s.broken == nil {
		p := s.out
		s.out, s.spare, s.sending = s.spare[:0], nil, true
		s.mu.Unlock()
		_, err := s.Conn.Write(p)
		s.mu.Lock()
		s.sending, s.spare, s.broken = false, p, err
	}
	if (len(s.out) == 0 || s.broken != nil) && !s.sending { // an idle connection keeps no buffer
		recycle(s.out)
		recycle(s.spare)
		s.out, s.spare = nil, nil
	}
	return s.broken
}

var outs = sync.Pool{New: func() any { return new([outSize]byte) }}

func recycle(b []byte) {
	if cap(b) == outSize {
		outs.Put((*[outSize]byte)(b[:outSize]))
	}
}

// tlsCarrier is what crypto/tls sees of the carrier.
type tlsCarrier secure

var errDry = &stopError{"dry"}

func (u *tlsCarrier) Read(p []byte) (int, error) {
	if u.dry {
		if u.look && u.Conn.Peer() != PeerIdle {
			return u.Conn.Read(p)
		}
		return 0, errDry
	}
	if err := (*secure)(u).flush(); err != nil {
		return 0, err
	}
	return u.Conn.Read(p)
}

func (u *tlsCarrier) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.out == nil {
		u.out = outs.Get().(*[outSize]byte)[:0]
	}
	u.out = append(u.out, p...)
	return len(p), nil
}

func (u *tlsCarrier) Close() error        { return nil }
func (u *tlsCarrier) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(u.Info().Local) }

func (u *tlsCarrier) RemoteAddr() net.Addr             { return net.TCPAddrFromAddrPort(u.Info().Remote) }
func (u *tlsCarrier) SetDeadline(time.Time) error      { return nil } // deadlines belong to the Conn
func (u *tlsCarrier) SetReadDeadline(time.Time) error  { return nil }
func (u *tlsCarrier) SetWriteDeadline(time.Time) error { return nil }
