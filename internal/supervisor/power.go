package supervisor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"causeway/internal/activity"
)

// stoppedName is the file in a data directory that says that its gateway is stopped.
const stoppedName = "stopped"

// wasStopped reports whether the gateway of a data directory is stopped.
func wasStopped(data string) bool {
	_, err := os.Stat(filepath.Join(data, stoppedName))
	return err == nil
}

// SetRunning starts the gateway or stops it, as Azure's start and stop do: a stopped gateway keeps its configuration, has no
// instances and no open ports, and stays so when the supervisor starts anew. See admin.Gateway.
func (s *Supervisor) SetRunning(ctx context.Context, running bool) error {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	if s.ending.Load() {
		return refusal(errors.New("the gateway is ending"))
	}
	s.mu.Lock()
	was, current := !s.stopped, s.current
	s.stopped = !running
	s.mu.Unlock()
	if was == running {
		return nil
	}
	_, err := s.change(ctx, current, s.deploy)
	if err == nil {
		err = keepStopped(s.o.Data, !running)
	}
	kind := activity.Stop
	if running {
		kind = activity.Start
	}
	s.note(activity.Event{Kind: kind, Caller: callerSocket, Failed: err != nil})
	if err != nil {
		s.mu.Lock()
		s.stopped = !was
		s.mu.Unlock()
	}
	return refusal(err)
}

func keepStopped(data string, stopped bool) error {
	path := filepath.Join(data, stoppedName)
	if stopped {
		return replaceFile(path, nil)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
