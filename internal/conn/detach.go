package conn

import (
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// Detach moves the carrier; the TLS state continues over it.
func (s *secure) Detach() (net.Conn, error) {
	nc, err := s.Conn.Detach()
	if err != nil {
		return nil, err
	}
	info := s.Conn.Info()
	s.mu.Lock()
	s.Conn = plain{nc, info}
	s.mu.Unlock()
	return detached{s.t, s}, nil
}

// detached is a TLS connection for its new owner.
type detached struct {
	*tls.Conn // for its methods; reads and writes go through s
	s         *secure
}

func (d detached) Read(p []byte) (int, error)         { return d.s.Read(p) }
func (d detached) Write(p []byte) (int, error)        { return d.s.Write(p) }
func (d detached) CloseWrite() error                  { return d.s.CloseWrite() }
func (d detached) Close() error                       { return d.s.Close() }
func (d detached) SetReadDeadline(t time.Time) error  { d.s.Conn.SetReadDeadline(t); return nil }
func (d detached) SetWriteDeadline(t time.Time) error { d.s.Conn.SetWriteDeadline(t); return nil }
func (d detached) SetDeadline(t time.Time) error {
	d.s.Conn.SetReadDeadline(t)
	d.s.Conn.SetWriteDeadline(t)
	return nil
}

// plain carries the records of a detached TLS connection.
type plain struct {
	net.Conn
	info *Info
}

func (p plain) Writev(a, b []byte) (int, error) {
	n, err := (&net.Buffers{a, b}).WriteTo(p.Conn)
	return int(n), err
}

func (p plain) CloseWrite() error {
	if t, ok := p.Conn.(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return errors.ErrUnsupported
}

func (p plain) SetReadDeadline(t time.Time)  { p.Conn.SetReadDeadline(t) }
func (p plain) SetWriteDeadline(t time.Time) { p.Conn.SetWriteDeadline(t) }
func (p plain) Reset() error                 { return p.Conn.Close() }
func (p plain) Peer() PeerState              { return PeerIdle }
func (p plain) Info() *Info                  { return p.info }
func (p plain) Detach() (net.Conn, error)    { return nil, net.ErrClosed }
