package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"causeway/internal/store"
)

// An etcd that gave up, because its disk is full or broken, may leave its locks held: no process can open it a second time.
// So the supervisor starts itself anew, as the same process, once the disk has room. Its instances outlive that, as they
// outlive its death, and serve throughout.

const (
	mendEvery = 2 * time.Second
	mendAgain = 30 * time.Second // where this process has not opened the store at all: starting anew does not always help
	mendRoom  = 80 << 20         // bytes that etcd needs on the disk: a segment of its log, and some more
)

// errClosed is returned for a change while the store does not open.
var errClosed = errors.New("the store does not open")

// goWithout begins without a store that does not open, where this node remembers what it served last; else it returns why.
func (s *Supervisor) goWithout(err error) error {
	if s.predecessor.serves() || errors.Is(err, store.ErrInUse) || errors.Is(err, context.Canceled) || fatal(err) {
		return err
	}
	if _, bad := store.LastGood(store.Within(s.o.Data)); bad != nil {
		return err
	}
	slog.Error("the store does not open; this node serves its last configuration, takes no change, and tries again", "error", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = fmt.Errorf("%w since %s: %w", errClosed, stamp(time.Now()), err)
	return nil
}

// mendStore opens the store again after etcd gave up, once that promises success.
func (s *Supervisor) mendStore() {
	wait := mendAgain
	if opened := s.stored(); opened != nil {
		wait = mendEvery
		select {
		case <-opened.Failed():
			_, why := opened.Silence()
			slog.Error("the store gave up; this node serves on, takes no change, and tries again once its disk has room", "error", why)
		case <-s.quit:
			return
		}
	}
	said := ""
	for {
		select {
		case <-time.After(wait):
		case <-s.quit:
			return
		}
		if err := s.mendable(); err != nil {
			if err.Error() != said {
				slog.Warn("the store stays closed", "because", err)
			}
			said = err.Error()
			continue
		}
		s.again()
	}
}

// mendable reports why it is no use to open the store now.
func (s *Supervisor) mendable() error {
	if !s.life.in(running) || s.successors.talking.Load() {
		return errors.New("the gateway is ending, or a successor is beginning")
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(store.Within(s.o.Data), &disk); err != nil {
		return fmt.Errorf("look at the disk of the store: %w", err)
	}
	if free := disk.Bavail * uint64(disk.Bsize); free < mendRoom {
		return fmt.Errorf("the disk of the store has less than %d MiB left", mendRoom>>20)
	}
	f, err := os.CreateTemp(store.Within(s.o.Data), "try.*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(make([]byte, 1<<20))
	return errors.Join(err, f.Sync(), f.Close())
}

// again makes this process start anew. It returns if that fails.
func (s *Supervisor) again() {
	s.applyMu.Lock() // a change under way ends first
	defer s.applyMu.Unlock()
	slog.Info("starting anew to open the store; the instances go on")
	err := syscall.Exec(thisProgram(), os.Args, s.nextEnvironment())
	slog.Error("the supervisor cannot start anew", "error", err)
}
