//go:build !linux

package peercred

import (
	"errors"
	"net"
)

// Supported reports whether this system names the process at the other end.
const Supported = false

func of(*net.UnixConn) (Credentials, error) { return Credentials{}, errors.ErrUnsupported }
