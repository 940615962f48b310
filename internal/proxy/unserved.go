package proxy

import (
	"errors"
	"io"
	"syscall"
	"time"

	"causeway/internal/conn"
	"causeway/internal/fault"
)

// A client that gives up before its handshake is done has made no request, and leaves no record: people close tabs, scanners look
// around. One that gave up because the gateway kept it waiting is a user who failed, and the log must have it.

// leftUnserved ends a connection whose client left before its handshake began.
func (s *session) leftUnserved() {
	came := conn.Arrived(s.c)
	if !came.IsZero() && time.Since(came) >= firstClientCheck && s.c.Peer() == conn.PeerReadable { // it had sent something
		s.recordUnserved(later(came, s.c.Info().Opened))
	}
}

// leftHandshake ends a connection whose client left in the middle of its handshake. The gateway kept it waiting if it stood still for a
// tenth of the time or more.
func (s *session) leftHandshake() {
	opened, now := s.c.Info().Opened, time.Now()
	waited := now.Sub(opened)
	if waited >= firstClientCheck && 10*s.p.stalls.Stalled(opened, now) >= waited {
		s.recordUnserved(opened)
	}
}

// recordUnserved writes a record without a request, which begins when the client began to wait.
func (s *session) recordUnserved(since time.Time) {
	x := newExchange(s)
	x.begin(since)
	x.finish(&fault.Fault{Side: fault.Client, Phase: fault.Handshake, Kind: fault.Closed})
	x.free()
}

// hasLeft reports whether an error says that the peer ended the connection.
func hasLeft(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}
