package supervisor

import (
	"context"
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

// Upgrade puts the program that is now installed in the place of this one: first on trial, as a process with the same flags
// on the same data directory, which starts its instances; then in this process. It returns once those instances serve, shortly
// before this process executes the new program. An error, an *admin.Refusal, changes nothing. Once begun, an upgrade goes on
// without whoever asked for it.
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
	leaveTime   = 10 * time.Second // for a new program to end after it has left its instances
)

func (s *Supervisor) upgrade(ctx context.Context) error {
	if err := s.life.enter(upgrading); err != nil {
		return err
	}
	defer s.life.goBack(upgrading)
	cmd := newProgram()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the new program: %w", err)
	}
	slog.Info("a new program was started to take over", "pid", cmd.Process.Pid, "program", cmd.Path)
	ended := make(chan struct{})
	s.mu.Lock()
	s.newProgram = ended
	s.mu.Unlock()
	go func() { cmd.Wait(); close(ended) }()
	why := fmt.Sprintf("did not serve within %v", upgradeTime)
	select {
	case <-s.successors.serving:
		return nil
	case <-s.successors.proved:
		return nil
	case <-ended:
		if closed(s.successors.proved) {
			return nil
		}
		return fmt.Errorf("the new program did not begin to serve: %v", cmd.ProcessState)
	case <-s.quit:
		why = "was not ready when the gateway got its signal to end"
	case <-ctx.Done():
	}
	cmd.Process.Signal(syscall.SIGTERM) // so that it gives back
	select {
	case <-ended:
	case <-time.After(giveBack):
		cmd.Process.Kill()
		<-ended
	}
	return fmt.Errorf("the new program %s, and was ended", why)
}

// awaitNewProgram waits until the program of an upgrade has ended, which leaves its instances, or until ctx ends.
func (s *Supervisor) awaitNewProgram(ctx context.Context) {
	s.mu.Lock()
	ended := s.newProgram
	s.mu.Unlock()
	if ended == nil {
		return
	}
	select {
	case <-ended:
	case <-ctx.Done():
	case <-time.After(leaveTime):
		slog.Warn("the process that started the new instances does not end; the upgrade goes on")
	}
}

// newProgram is the program in the place of this one, which starts its instances and leaves them to this process. A program of an older
// version does not know that, and takes the place of this process.
func newProgram() *exec.Cmd {
	args := os.Args[1:]
	if !slices.Contains(args, takeOverFlag) {
		args = append(slices.Clone(args), takeOverFlag)
	}
	cmd := exec.Command(installedProgram(), args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), trialVariable+"=1")
	return cmd
}

const takeOverFlag = "--take-over"
