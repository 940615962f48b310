// Package conn is everything that a request may block on.
//
// A handler is straight-line code over Conn. It runs unchanged on every engine: event loops on epoll (NewEpoll, the
// default on Linux), and one goroutine per connection on net.Conn (NewGoroutines), which tests under fake time run over a
// network in memory (conntest). What runs a handler is called a coroutine here, also where it is a goroutine.
//
// Rules for handlers:
//   - Block only on Conn and Loop; anything else goes through Loop.Do or Conn.Detach. Hold no lock across a call that
//     may wait.
//   - Read everything that you were called for. Return true with no byte left over, false to close.
//   - A Conn belongs to its Loop: only coroutines of that Loop use it. Stop another coroutine only through Duplex or
//     Shutdown.
//   - In Duplex, ab reads a and writes b, and ba the reverse; an error stops the other side. Duplex does not nest.
//   - Set deadlines before each phase. The read deadline that a handler leaves behind is the idle limit.
//   - After an early answer CloseWrite, drain within bounds, then Close. End a message that was cut short with Reset.
//   - Pool a connection only after a clean end. Put TLS on only through TLS, and afterwards use only what that returned.
package conn

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"time"
)

// A Conn is one byte stream. One coroutine (a handler, or one side of Duplex) may read while another writes; Peer, Info and
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
	// zero time lifts the bound. The read deadline also bounds the idle wait between two calls of the handler.
	SetReadDeadline(t time.Time)
	SetWriteDeadline(t time.Time)

	// CloseWrite ends our side (FIN; under TLS close_notify first); reading continues.
	CloseWrite() error
	// Close gives the connection up. Unread input makes the kernel send RST and may destroy what the peer has not read:
	// after an early answer CloseWrite and drain first.
	Close() error
	// Reset aborts with RST, so that the peer cannot take a cut-off message for a whole one.
	Reset() error

	// Peer reports what the other side has done, without waiting or consuming: an idle backend connection that is not
	// PeerIdle is stale; a client that is PeerHalfClosed may merely have finished its request, and one that is PeerReset
	// wants no answer.
	Peer() PeerState
	// Info returns what the engine knows of the connection at no cost; it stays readable after Close.
	Info() *Info
	// Detach takes the connection from its engine and returns it as an ordinary net.Conn, for code that brings its own
	// goroutines (HTTP/2, HTTP/3 helpers). The Conn is dead afterwards.
	Detach() (net.Conn, error)
}

// PeerState is what the other side of a Conn has done since we last read.
type PeerState uint8

// States of a peer.
const (
	PeerIdle       PeerState = iota // nothing
	PeerReadable                    // there is something to read
	PeerHalfClosed                  // it closed its side
	PeerReset                       // the connection failed
)

// Info is what the engine knows of a connection. Uses and Idle belong to the IdlePool, and Hint to the application.
type Info struct {
	ID            uint64 // serial number within its engine
	Local, Remote netip.AddrPort
	Opened, Idle  time.Time     // accepted or connected; last put into the pool
	Uses          int           // times taken from the pool
	Hint          time.Duration // idle limit that the peer announced; 0 or less: none
	Queued        time.Duration // longest that the client may have waited for a place under the engine's limit; 0: it did not
	Backlog       time.Duration // longest that the client may have waited in the kernel's queue, which nobody emptied; 0: it did not
	TLS           *tls.ConnectionState
}

// An Open is called for each new client connection, and must neither wait nor end its goroutine.
type Open func(l *Loop, c Conn) Handler

// A Handler is called each time there is something to read from a client: bytes, its end, a passed read deadline,
// ErrDraining. It returns true to wait for more, having consumed all that it read, and false to close. Between two calls
// the connection holds neither stack nor buffer.
type Handler func() (more bool)

var (
	// ErrStopped ends a wait in one side of Duplex because the other side failed.
	ErrStopped error = &stopError{"stopped by the other direction"}
	// ErrDraining is what an idle connection reads once its server shuts down.
	ErrDraining = errors.New("read from an idle client: the server is draining; close the connection")
)

// stopError is temporary to crypto/tls, so that a stopped read can be taken up again.
type stopError struct{ s string }

func (e *stopError) Error() string   { return e.s }
func (e *stopError) Timeout() bool   { return true }
func (e *stopError) Temporary() bool { return true }

// Engine runs handlers. New, NewEpoll and NewGoroutines make one; each calls setup once for every Loop.
type Engine interface {
	// Name is "epoll" or "goroutines".
	Name() string
	// Loops returns the number of event loops; 0: each connection has a goroutine, and one Loop stands for them all.
	Loops() int
	// Set changes options, before the first Serve.
	Set(func(*Options))
	// Serve accepts from ln until its Shutdown. One engine serves many listeners on the same Loops.
	Serve(ln net.Listener, open Open) Server
	// Each runs f once on every Loop, in a coroutine there, and waits: to sweep, to flush. Call it from outside of them.
	Each(f func(l *Loop))
	// Live returns the number of client connections, without detached ones; Idle that of pooled connections to members;
	// Stalled for how long a blocking handler has kept a Loop from its other connections, at worst. They are safe from
	// anywhere and do not wait.
	Live() int
	Idle() int
	Stalled() time.Duration
	// Close ends the engine. There must be no server and no connection any more.
	Close()
}

// A Server is a listener at work.
type Server interface {
	// Shutdown stops accepting, wakes idle connections with ErrDraining after a second (a quarter of the time, if that is
	// less), waits for the busy ones, and resets the rest at the deadline. The socket itself stays open for as long as
	// another process holds it, so nothing queued is lost. A second call waits for the same end.
	Shutdown(deadline time.Time)
	// Stop accepts nothing more: the socket is closed when it returns. Connections continue until Shutdown.
	Stop()
	// Descriptor returns a descriptor of the listening socket for another process; close it. It fails after Stop, and where
	// there is no socket.
	Descriptor() (fd int, err error)
}

// HungUp reports whether the peer is known to have ended its side, though something of it may remain to be read. It costs
// nothing. False proves nothing.
func HungUp(c Conn) bool {
	s, ok := bottom(c).(interface{ hungUp() bool })
	return ok && s.hungUp()
}

// stackable is a Conn of an engine, on which TLS can be put.
type stackable interface {
	Conn
	stack(top layer)
}

// layer is a Conn on top of an engine's own.
type layer interface {
	Conn
	// pending reports whether a read would succeed from what the layer holds: the socket does not know.
	pending() bool
}
