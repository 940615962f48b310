package process

import (
	"log/slog"
	"os"
	"syscall"
)

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
