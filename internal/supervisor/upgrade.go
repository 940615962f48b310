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

// Upgrade puts the program that is now installed in the place of this one: first on trial, as a process with the same flags
// on the same data directory, which starts its instances; then in this process. It returns once those instances serve, shortly
// before this process executes the new program. An error, an *admin.Refusal, changes nothing. So does a ctx that ends before: the
// program on trial gives back.
func (s *Supervisor) Upgrade(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, upgradeTime)
	defer cancel()
	err := s.upgrade(ctx)
	if err == nil {
		return nil
	}
	slog.Error("the upgrade failed; this gateway goes on", "error", err)
	s.Note(activity.Event{Kind: activity.Upgrade, Failed: true, Why: err.Error(), Caller: activity.CallerOf(ctx, callerSupervisor).Name})
	return err
}

const (
	upgradeTime = 10 * time.Minute // each instance of the successor may wait some seconds for its members
	firstTime   = 30 * time.Second // for a new program to ask for the sockets: it has read its files by then
	giveBack    = 30 * time.Second // for a successor that is asked to end, to give back what it has taken
	leaveTime   = 10 * time.Second // for a new program to end after it has left its instances
)

func (s *Supervisor) upgrade(ctx context.Context) error {
	if err := s.life.enter(upgrading); err != nil {
		return &admin.Refusal{Err: err, Hint: "wait until that has ended, and run causeway upgrade again if it is still needed"}
	}
	defer s.life.goBack(upgrading)
	trial, err := s.startTrial()
	if err != nil {
		return &admin.Refusal{
			Err:  fmt.Errorf("start the new program: %w", err),
			Hint: "install a program that this machine can execute at " + installedProgram() + ", and run causeway upgrade again",
		}
	}
	why := s.awaitTrial(ctx, trial)
	if why == "" {
		return nil
	}
	trial.end(giveBack)
	return &admin.Refusal{
		Err:  errors.New("the new program " + why),
		Hint: "the gateway's own log has the lines of the new program; fix what they say and run causeway upgrade again",
	}
}

// awaitTrial waits until the instances of a new program serve, or else returns why they do not.
func (s *Supervisor) awaitTrial(ctx context.Context, t *trial) (why string) {
	first := time.After(firstTime)
	for why == "" {
		select {
		case <-s.successors.serving:
			return ""
		case <-s.successors.proved:
			return ""
		case <-t.ended:
			why = fmt.Sprintf("did not begin to serve: %v", t.cmd.ProcessState)
		case <-first:
			if !t.asked() {
				why = fmt.Sprintf("did not ask for the sockets within %v, and was ended", firstTime)
			}
		case <-s.quit:
			why = "was not ready when the gateway got its signal to end, and was ended"
		case <-ctx.Done():
			why = fmt.Sprintf("did not serve before the upgrade was cancelled, or within %v, and was ended", upgradeTime)
		}
	}
	if closed(s.successors.proved) {
		return ""
	}
	return why
}

// trial is the process in which a new program starts its instances.
type trial struct {
	cmd   *exec.Cmd
	asked func() bool   // whether it has asked for the sockets, and may have to give something back
	ended chan struct{} // closed when it has
}

// startTrial starts the new program.
func (s *Supervisor) startTrial() (*trial, error) {
	before := s.successors.requests.Load()
	t := &trial{
		cmd:   newProgram(),
		asked: func() bool { return s.successors.requests.Load() > before },
		ended: make(chan struct{}),
	}
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	slog.Info("a new program was started to take over", "pid", t.cmd.Process.Pid, "program", t.cmd.Path)
	s.mu.Lock()
	s.trial = t
	s.mu.Unlock()
	go func() { t.cmd.Wait(); close(t.ended) }()
	return t, nil
}

// end lets the program end, and kills it after a time: at once if it has taken nothing that it could give back.
func (t *trial) end(within time.Duration) {
	if t.asked() {
		_ = t.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-t.ended:
		case <-time.After(within):
		}
	}
	_ = t.cmd.Process.Kill() // unless it has ended
	<-t.ended
}

// endTrial ends the program of an upgrade under way, and what it leaves behind: a gateway that ends leaves none. One of an older version
// that serves in the place of this gateway is no trial any more.
func (s *Supervisor) endTrial() {
	t := s.lastTrial()
	if t == nil || closed(t.ended) || s.successors.succeeded() {
		return
	}
	t.end(giveUpTime + endMargin)
	s.dismissStrangers()
}

// lastTrial is the program of the last upgrade; nil: there was none.
func (s *Supervisor) lastTrial() *trial {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trial
}

// awaitNewProgram waits until the program of an upgrade has ended, which leaves its instances, or until ctx ends.
func (s *Supervisor) awaitNewProgram(ctx context.Context) {
	t := s.lastTrial()
	if t == nil {
		return
	}
	select {
	case <-t.ended:
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
