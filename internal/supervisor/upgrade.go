package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"

	"causeway/internal/activity"
	"causeway/internal/admin"
)

// Upgrade starts the program that is now installed in the place of this one, as a successor: with the same flags, on the same
// data directory. It returns once the successor serves, which ends this gateway. An error, an *admin.Refusal, changes nothing.
func (s *Supervisor) Upgrade(ctx context.Context) error {
	err := s.upgrade(ctx)
	if err != nil {
		slog.Error("the upgrade failed; this gateway goes on", "error", err)
		s.note(activity.Event{Kind: activity.Upgrade, Failed: true, Why: err.Error()})
	}
	return refusal(err)
}

func (s *Supervisor) upgrade(ctx context.Context) error {
	if s.ending.Load() {
		return errors.New("upgrade: the gateway is ending")
	}
	if os.Getpid() == 1 {
		return &admin.Refusal{
			Err:  errors.New("upgrade: this is the first process of a container, which ends with it"),
			Hint: "start a container of the new image in its place",
		}
	}
	if !s.upgrading.CompareAndSwap(false, true) {
		return errors.New("upgrade: another upgrade is under way")
	}
	defer s.upgrading.Store(false)
	cmd := successor()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the new program: %w", err)
	}
	slog.Info("a new program was started to take over", "pid", cmd.Process.Pid, "program", cmd.Path)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-s.heirs.ready:
		return nil
	case err := <-ended:
		return fmt.Errorf("the new program did not begin to serve (%w); its own lines in this log say why", err)
	case <-ctx.Done():
		cmd.Process.Kill()
		<-ended
		return fmt.Errorf("wait for the new program: %w", context.Cause(ctx))
	}
}

// successor is the program in the place of this one. Its own path may lead to a newer file by now.
func successor() *exec.Cmd {
	args := os.Args[1:]
	if !slices.Contains(args, takeOverFlag) {
		args = append(slices.Clone(args), takeOverFlag)
	}
	cmd := exec.Command(program(), args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd
}

const takeOverFlag = "--take-over"
