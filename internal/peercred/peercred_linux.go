package peercred

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// Supported reports whether this system names the process at the other end.
const Supported = true

func of(c *net.UnixConn) (Credentials, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return Credentials{}, fmt.Errorf("ask for the credentials of a peer: %w", err)
	}
	var peer *unix.Ucred
	bad := raw.Control(func(fd uintptr) { peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if bad != nil {
		err = bad
	}
	if err != nil {
		return Credentials{}, fmt.Errorf("ask for the credentials of a peer: %w", err)
	}
	return Credentials{UID: int(peer.Uid), PID: int(peer.Pid)}, nil
}
