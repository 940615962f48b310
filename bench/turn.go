package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// turn keeps two runs on one machine from measuring at once: each would slow the other.
type turn struct {
	file   *os.File
	waited bool
}

func newTurn() (*turn, error) {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "causeway-bench.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	return &turn{file: f}, err
}

// take lets others who wait measure one row, then waits until this run may.
func (t *turn) take() {
	fd := int(t.file.Fd())
	syscall.Flock(fd, syscall.LOCK_UN)
	time.Sleep(100 * time.Millisecond) // else this run would be back before anybody woke
	if syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		return
	}
	if !t.waited {
		fmt.Fprintln(os.Stderr, "another run measures on this machine too: they take turns, row by row")
		t.waited = true
	}
	syscall.Flock(fd, syscall.LOCK_EX)
}

func (t *turn) end() { t.file.Close() }
