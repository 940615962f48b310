package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"causeway/internal/activity"
	"causeway/internal/admin"
)

// Upgrade starts the program that is now installed in the place of this one, as a successor: with the same flags, on the same
// data directory. It returns once the successor serves, which ends this gateway. An error, an *admin.Refusal, changes nothing.
// Once begun, an upgrade goes on without whoever asked for it.
func (s *Supervisor) Upgrade(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), upgradeTime)
	defer cancel()
	err := s.upgrade(ctx)
	if err == nil {
		return nil
	}
	slog.Error("the upgrade failed; this gateway goes on", "error", err)
	s.note(activity.Event{Kind: activity.Upgrade, Failed: true, Why: err.Error()})
	if admin.HintOf(err) != "" {
		return err
	}
	return &admin.Refusal{Err: err, Hint: "the gateway's own log has the lines of the new program; fix what they say and run causeway upgrade again"}
}

const (
	upgradeTime = 10 * time.Minute // each instance of the successor may wait some seconds for its members
	giveBack    = 30 * time.Second // for a successor that is asked to end, to give back what it has taken
)

func (s *Supervisor) upgrade(ctx context.Context) error {
	if s.ending.Load() {
		return errors.New("the gateway is ending")
	}
	if os.Getpid() == 1 {
		return &admin.Refusal{
			Err:  errors.New("this is the first process of a container, which ends with it"),
			Hint: "start a container of the new image in its place",
		}
	}
	if !s.upgrading.CompareAndSwap(false, true) {
		return errors.New("another upgrade is under way")
	}
	defer s.upgrading.Store(false)
	cmd := successor()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the new program: %w", err)
	}
	slog.Info("a new program was started to take over", "pid", cmd.Process.Pid, "program", cmd.Path)
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	select {
	case <-s.heirs.ready:
		return nil
	case <-ended:
		return fmt.Errorf("the new program did not begin to serve: %v", cmd.ProcessState)
	case <-ctx.Done():
	}
	cmd.Process.Signal(syscall.SIGTERM) // so that it gives back
	select {
	case <-ended:
	case <-time.After(giveBack):
		cmd.Process.Kill()
		<-ended
	}
	return fmt.Errorf("the new program did not serve within %v, and was ended", upgradeTime)
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
