package arm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"

	"golang.org/x/net/netutil"

	"causeway/internal/access"
	"causeway/internal/peercred"
)

// SocketPrefix begins an address of the API that is a unix socket: unix:PATH.
const SocketPrefix = "unix:"

// SocketPath is the path in an address that is a unix socket.
func SocketPath(address string) (path string, ok bool) {
	return strings.CutPrefix(address, SocketPrefix)
}

// peer is who connected to the unix socket. It is the address of the client, too.
type peer struct {
	peercred.Credentials
	err error // the system does not say who it is
}

func (p *peer) Network() string { return "unix" }

func (p *peer) String() string { return fmt.Sprint("uid ", p.UID) }

// peerListener finds out about each client who it is.
type peerListener struct{ net.Listener }

func (l peerListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	p := &peer{}
	p.Credentials, p.err = peercred.Of(c)
	return &peerConn{c, p}, nil
}

type peerConn struct {
	net.Conn
	peer *peer
}

func (c *peerConn) RemoteAddr() net.Addr { return c.peer }

type peerKey struct{}

// peerOf is who connected; nil: the request came over TCP.
func peerOf(r *http.Request) *peer {
	p, _ := r.Context().Value(peerKey{}).(*peer)
	return p
}

// ServeSocket answers for handler on a unix socket, without TLS. There the user of the caller is the credential: root and the user
// that runs this program are owners, and nobody else is anything.
func ServeSocket(ln net.Listener, handler http.Handler) *Endpoint {
	e := &Endpoint{listener: ln, http: newHTTPServer(handler)}
	e.http.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, peerKey{}, c.RemoteAddr())
	}
	go func() {
		err := e.http.Serve(netutil.LimitListener(peerListener{ln}, connectionsMax))
		if !errors.Is(err, http.ErrServerClosed) {
			slog.Error("the socket of the management API no longer answers", "error", err)
		}
	}()
	return e
}

// identify finds the caller: by the token, or without one by the session of a browser, or by the user at the other end of the socket.
func (q *request) identify() (access.Caller, error) {
	if q.bySession() {
		return q.server.control.Sessions.Of(q.Request)
	}
	if q.byToken() {
		return q.server.control.Check(q.Context(), bearer(q.Request), q.audiences())
	}
	if q.peer.err != nil {
		return access.Caller{}, q.peer.err
	}
	if uid := q.peer.UID; uid != 0 && uid != os.Geteuid() {
		return access.Caller{}, refuse(http.StatusForbidden, "AuthorizationFailed",
			"the user with the uid %d has no role on this socket; root and the user that runs Causeway have: send a token", uid)
	}
	return access.Caller{ID: q.peer.String(), Role: access.Owner}, nil
}

// bySession reports whether the session of a browser decides who the caller is.
func (q *request) bySession() bool {
	return q.peer == nil && len(q.Header.Values("Authorization")) == 0 && access.Carries(q.Request)
}

// byToken reports whether a token decides who the caller is. On the socket one that is there is checked as everywhere.
func (q *request) byToken() bool { return q.peer == nil || len(q.Header.Values("Authorization")) > 0 }
