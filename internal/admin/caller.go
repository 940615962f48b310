package admin

import (
	"fmt"
	"net"
	"net/http"
	"os/user"
	"strconv"
	"strings"

	"causeway/internal/activity"
	"causeway/internal/peercred"
)

// callerSocket is who asks over the control socket where the system does not say.
const callerSocket = "control socket"

// peerListener finds out about each client of a unix socket who it is: the address of its connections.
type peerListener struct{ net.Listener }

func (l peerListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	peer, err := peercred.Of(c)
	if err != nil { // not every system tells, and a TCP address has no such thing
		return c, nil
	}
	return &peerConn{c, peerAddr(peer.UID)}, nil
}

type peerConn struct {
	net.Conn
	peer peerAddr
}

func (c *peerConn) RemoteAddr() net.Addr { return c.peer }

// peerAddr is the user at the other end of a unix socket, as the address of a connection.
type peerAddr int

const uidPrefix = "uid "

func (peerAddr) Network() string  { return "unix" }
func (a peerAddr) String() string { return uidPrefix + strconv.Itoa(int(a)) }

// callerOf is who sent a request over the control socket: uid 1000 (ann) over the control socket.
func callerOf(r *http.Request) string {
	if who, known := userOf(r); known {
		return who + " over the " + callerSocket
	}
	return callerSocket
}

// userOf is the user who sent a request over the control socket: uid 1000 (ann). False: the system does not say.
func userOf(r *http.Request) (who string, known bool) {
	id, known := strings.CutPrefix(r.RemoteAddr, uidPrefix)
	if !known {
		return "", false
	}
	if u, err := user.LookupId(id); err == nil {
		return fmt.Sprintf("%s%s (%s)", uidPrefix, id, u.Username), true
	}
	return uidPrefix + id, true
}

// named notes who asks for a change, for the history and the activity log. A question changes nothing, and costs no search for a name.
func named(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			r = r.WithContext(activity.WithCaller(r.Context(), activity.Caller{Name: callerOf(r)}))
		}
		h.ServeHTTP(w, r)
	})
}
