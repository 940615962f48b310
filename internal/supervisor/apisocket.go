package supervisor

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"causeway/internal/admin"
	"causeway/internal/peercred"
)

// apiSocketError is a path that cannot be that of the management API's socket.
func apiSocketError(path, problem, hint string) error {
	return &OptionError{"--api unix:" + path, problem, hint}
}

// checkAPISocket judges the path of the socket without looking at the disk.
func checkAPISocket(path string) error {
	const hint = "for example --api unix:/run/causeway/api.sock"
	switch {
	case path == "":
		return nil
	case !peercred.Supported:
		return apiSocketError(path, "this system does not name the users at the other end of a socket", "give an address: --api :8443")
	case !filepath.IsAbs(path):
		return apiSocketError(path, "the path is not absolute", hint)
	case admin.CheckSocket(path) != nil:
		return apiSocketError(path, "the path is longer than that of a socket may be", hint)
	}
	return nil
}

// inheritAPISocket opens the socket of the management API (mode 0600), or goes on with that of a predecessor where that has the same
// path. An empty path is none. It replaces the socket of a process that has gone.
func inheritAPISocket(path string, inherited net.Listener) (net.Listener, error) {
	if inherited != nil {
		if _, err := os.Lstat(path); err == nil && admin.SocketPath(inherited) == path {
			return inherited, nil
		}
		inherited.Close()
	}
	if path == "" {
		return nil, nil
	}
	if err := checkSocketFolder(path); err != nil {
		return nil, err
	}
	if err := socketFree(path); err != nil {
		return nil, err
	}
	ln, err := admin.ReplaceSocket(path)
	if err != nil {
		return nil, fmt.Errorf("open the socket of the management API: %w", err)
	}
	return ln, nil
}

// checkSocketFolder refuses a folder where any user could put another socket in the place of this one.
func checkSocketFolder(path string) error {
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, os.ErrNotExist), err == nil && !info.IsDir():
		return apiSocketError(path, "there is no folder "+folder, "create it with mode 0700")
	case err != nil:
		return fmt.Errorf("open the socket of the management API: %w", err)
	case info.Mode().Perm()&0o002 != 0:
		return apiSocketError(path, "every user may write to the folder "+folder,
			"use one that is not world-writable, such as the data directory")
	}
	return nil
}

// socketFree refuses a path where somebody answers, and one of something that is no socket.
func socketFree(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil && info.Mode().Type() != os.ModeSocket {
		return apiSocketError(path, "the path is not a socket", "give another path, or remove the file")
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, os.ErrNotExist) {
		return nil // whoever had it has gone
	}
	if err != nil {
		return fmt.Errorf("open the socket of the management API: %w", err)
	}
	defer c.Close()
	return socketTaken(path, c)
}

// socketTaken says who answers at a socket, as far as that can be known.
func socketTaken(path string, c net.Conn) error {
	e := &takenError{
		err:  fmt.Errorf("open the socket %s of the management API: %w", path, syscall.EADDRINUSE),
		text: "another program answers there", hint: "stop that program, or give --api another path",
	}
	peer, err := peercred.Of(c)
	if err != nil {
		return e
	}
	o := processOwner(peer.PID)
	e.text = fmt.Sprintf("process %d answers there", o.pid)
	switch {
	case o.causeway:
		e.text += ": the gateway in " + o.data
		e.hint = "end that gateway with SIGTERM to its supervisor, or give --api another path"
	case o.name != "":
		e.text = fmt.Sprintf("process %d (%s) answers there", o.pid, o.name)
	}
	return e
}
