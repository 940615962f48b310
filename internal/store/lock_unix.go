//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockDir takes a directory for this process. The lock ends with the process.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the store: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, fmt.Errorf("%s: %w", dir, ErrInUse)
	}
	return nil, fmt.Errorf("lock the store in %s: %w", dir, err)
}

// leaveLocked keeps a directory locked until the process ends, or executes another program: that one takes the directory anew.
func leaveLocked(lock *os.File) error {
	_, err := unix.FcntlInt(lock.Fd(), unix.F_DUPFD_CLOEXEC, 0) // nobody closes the copy
	return os.NewSyscallError("fcntl", err)
}
