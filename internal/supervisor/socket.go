package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// listenAddr is the address that a frontend port is bound to.
func (s *Supervisor) listenAddr(frontend string, port int) string {
	address := s.o.Listen
	for name, own := range s.o.Bind {
		if strings.EqualFold(name, frontend) {
			address = own
		}
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), strconv.Itoa(port+s.o.PortOffset))
}

// listen binds an address.
func listen(address string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{KeepAlive: -1}).Listen(context.Background(), "tcp", address)
	switch {
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%w; ports below 1024 need root or CAP_NET_BIND_SERVICE", err)
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%w; another program has it", err)
	}
	return ln, err
}

// reserved descriptors are kept for logs, probes, the control socket and what libraries open.
const reserved = 256

// connectionLimit raises the limit of open files to what the system allows and returns how many client connections fit:
// each may need a second descriptor towards a member.
func connectionLimit() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		slog.Warn("the limit of open files cannot be read", "error", err)
		return 0
	}
	before := l.Cur
	l.Cur = l.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		l.Cur = before
		slog.Warn("the limit of open files cannot be raised", "limit", before, "error", err)
	}
	limit := connectionsWithin(l.Cur)
	slog.Info("descriptors", "limit", l.Cur, "before", before, "client connections", limit, "pid", os.Getpid())
	return limit
}

// openFilesLimit is the limit of open files; 0 if it cannot be read.
func openFilesLimit() uint64 {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	return uint64(l.Cur)
}

// connectionsWithin is how many client connections fit into a limit of open files.
func connectionsWithin(files uint64) int { return max(64, (int(min(files, 1<<30))-reserved)/2) }
