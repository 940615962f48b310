// Package peercred names the process at the other end of a unix socket, as the kernel knows it (SO_PEERCRED, unix(7)).
package peercred

import (
	"errors"
	"net"
)

// Credentials are those of the process that connected. On the side of a client they are those of the process that listens.
type Credentials struct {
	UID int // effective user id
	PID int
}

// Of returns the credentials of the other end of a connection. The error is errors.ErrUnsupported for what is no unix socket, and
// on systems other than Linux.
func Of(c net.Conn) (Credentials, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return Credentials{}, errors.ErrUnsupported
	}
	return of(u)
}
