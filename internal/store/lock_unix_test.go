//go:build unix

package store

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A directory that stays locked is locked for this program alone: the one that the process executes next takes it anew.
func TestLockEndsWithTheProgram(t *testing.T) {
	lock, err := lockDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var own unix.Stat_t
	if err := unix.Fstat(int(lock.Fd()), &own); err != nil {
		t.Fatal(err)
	}
	if err := leaveLocked(lock); err != nil {
		t.Fatal(err)
	}
	lock.Close()
	copies := 0
	for fd := range 1024 {
		var stat unix.Stat_t
		if unix.Fstat(fd, &stat) != nil || stat.Dev != own.Dev || stat.Ino != own.Ino {
			continue
		}
		copies++
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d outlives the program: flags %d, %v", fd, flags, err)
		}
		os.NewFile(uintptr(fd), "lock").Close()
	}
	if copies != 1 {
		t.Errorf("%d descriptors hold the lock, want 1", copies)
	}
}
