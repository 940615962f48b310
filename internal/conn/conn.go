// Package conn is everything that a request may block on.
//
// A handler is straight-line code over Conn. It runs unchanged on every engine: event loops on epoll (NewEpoll, the
// default on Linux), and one goroutine per connection on net.Conn (NewGoroutines), which tests under fake time run over a
// network in memory (conntest).
//
// Rules for who writes a handler:
//   - Block only on Conn and Home; anything else goes through Home.Do or Conn.Detach. Hold no lock across a call that
//     may wait.
//   - A turn reads everything that it was called for. It returns true with no byte left over, false to close.
//   - A Conn belongs to its Home, and is used by that Home's strands only. Stop another strand only through Both or
//     Shutdown.
//   - In Both, ab reads a and writes b, and ba the reverse; an error stops the other side. Both does not nest.
//   - Set deadlines before each phase. The read deadline left at the end of a turn is the idle limit.
//   - After an early answer CloseWrite, drain within bounds, then Close. A message cut short ends with Reset.
//   - Give only after a clean end. TLS only through TLS, and afterwards only what that returned.
package conn

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"
)

// A Conn is one byte stream. One strand (a turn, or one side of Both) may read while another writes; Peer, Info and
// Reset are safe beside them, nothing else is. Errors wrap the system's errno; a deadline fails with
// os.ErrDeadlineExceeded.
type Conn interface {
	// Read waits for at least one byte. io.EOF is the peer's clean end.
	Read(p []byte) (int, error)
	// Write sends all of p or fails, and keeps no reference to p. Under TLS a failure is final, even a deadline: records
	// were cut.
	Write(p []byte) (int, error)
	// Writev sends head and then body, in one system call if the kernel takes it. n counts both.
	Writev(head, body []byte) (n int, err error)

	// SetReadDeadline and SetWriteDeadline bound every later call, and one that is waiting, at an absolute time; the
	// zero time lifts the bound. The read deadline also bounds the idle wait between turns.
	SetReadDeadline(t time.Time)
	SetWriteDeadline(t time.Time)

	// CloseWrite ends our side (FIN; under TLS close_notify first); reading goes on.
	CloseWrite() error
	// Close gives the connection up. Unread input makes the kernel send RST and may destroy what the peer has not read:
	// after an early answer CloseWrite and drain first.
	Close() error
	// Reset aborts with RST, so that the peer cannot take a cut-off message for a whole one.
	Reset() error

	// Peer says, without waiting or consuming, what the other side has done: an idle backend connection that is not
	// Quiet is stale; a client that is Gone may have said all it had to say, and one that is Lost wants no answer.
	Peer() PeerState
	// Info is what is known about the connection at no cost; it stays readable after Close.
	Info() *Info
	// Detach takes the connection away from its engine and returns it as an ordinary net.Conn, for code that brings its
	// own goroutines (HTTP/2, HTTP/3 helpers). The Conn is dead afterwards.
	Detach() (net.Conn, error)
}

// Peer is what the other side of a Conn has done since we last read.
type PeerState uint8

// What a peer has done.
const (
	PeerIdle       PeerState = iota // nothing
	PeerReadable                    // there is something to read
	PeerHalfClosed                  // it closed its side
	PeerReset                       // the connection failed
)

// Info is what is known about a connection. The engine keeps it, but for Uses and Idle, which belong to Home, and Hint.
type Info struct {
	ID            uint64 // serial number within its engine
	Local, Remote netip.AddrPort
	Opened, Idle  time.Time     // accepted or connected; last given to Home
	Uses          int           // times taken from Home
	Hint          time.Duration // idle limit that the peer announced; 0 or less: none
	Queued        time.Duration // for how long, at most, a client waited for room under the engine's limit; 0: not at all
	TLS           *tls.ConnectionState
}

// An Open is called for each new client connection, and must neither wait nor end its goroutine. The turn it returns is called each time the client has something
// to say (bytes, its end, a passed read deadline, ErrDraining): the turn then reads. It returns true to wait for more,
// having consumed all it read, and false to close. Between turns the connection holds neither stack nor buffer.
type Open func(h *Loop, c Conn) (turn func() bool)

var (
	// ErrStopped ends a wait in one side of Both because the other side failed.
	ErrStopped error = &stopError{"stopped by the other direction"}
	// ErrDraining is what an idle connection reads once its server shuts down.
	ErrDraining = errors.New("read from an idle client: the server is draining; close the connection")
)

// stopError is temporary to crypto/tls, so that a stopped read can be taken up again.
type stopError struct{ s string }

func (e *stopError) Error() string   { return e.s }
func (e *stopError) Timeout() bool   { return true }
func (e *stopError) Temporary() bool { return true }

// Engine runs turns. New, NewEpoll and NewGoroutines make one; each calls setup once for every Home.
type Engine interface {
	// Name is "epoll" or "goroutines".
	Name() string
	// Loops is how many event loops there are, each a Home; 0: each connection has a goroutine, and there is one Home.
	Loops() int
	// Set changes options, before the first Serve.
	Set(func(*Options))
	// Serve accepts from ln until its Shutdown. One engine serves many listeners on the same Homes.
	Serve(ln net.Listener, open Open) Server
	// Each runs f once on every Home, as a strand there, and waits: to sweep, to flush. Call it from outside of strands.
	Each(f func(h *Loop))
	// Live is the number of client connections, detached ones not counted; Idle that of connections to members that wait
	// for a request; Stalled for how long a Home has been kept from its other connections by a handler that blocks. They
	// may be asked at any time, and do not wait.
	Live() int
	Idle() int
	Stalled() time.Duration
	// Close ends the engine. There must be no server and no connection any more.
	Close()
}

// A Server is a listener at work.
type Server interface {
	// Shutdown stops accepting, wakes idle connections with ErrDraining after a second (a quarter of the time, if that is
	// less), waits for the busy ones, and resets what is left at the deadline. The socket itself stays open for as long as
	// another process holds it, so nothing queued is lost.
	// A second call waits for the same end.
	Shutdown(deadline time.Time)
	// Stop accepts nothing more: the socket is closed when it returns. Connections go on until Shutdown.
	Stop()
	// File is the listening socket for another process; close it. It fails after Stop, and where there is no socket.
	File() (*os.File, error)
}

// stackable is a Conn of an engine, on which TLS can be put.
type stackable interface {
	Conn
	stack(top layer)
}

// layer is a Conn on top of an engine's own.
type layer interface {
	Conn
	// pending reports whether a read would succeed from what the layer holds: the socket would not tell.
	pending() bool
}
