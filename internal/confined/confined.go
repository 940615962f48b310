// Package confined runs a program in a process of its own that cannot harm the one that started it: its time, its memory and its output are
// bounded, it yields to others, and it ends with its parent. What it reads may come from anywhere.
package confined

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Program is what runs.
type Program struct {
	Path  string
	Args  []string // without its name
	Dir   string   // where it runs; empty: where this process does
	Input []byte   // on its standard input
}

// Limits bound it.
type Limits struct {
	Memory int64 // bytes that are resident; where they cannot be read, only what the Go runtime counts is bounded, a little lower
	CPUs   int
	Time   time.Duration
	Output int // bytes on its standard output
}

// Why a program was ended.
var (
	ErrMemory = errors.New("it needs more memory than it may use")
	ErrTime   = errors.New("it takes longer than it may")
	ErrOutput = errors.New("it prints more than it may")
)

const (
	saidMax = 4 << 10 // bytes of its standard error that are kept
	look    = 50 * time.Millisecond
)

// Run runs a program until it ends, and returns what it printed and said. An error is one of those above, one of ctx, an *exec.ExitError,
// or that it could not be started.
func Run(ctx context.Context, p Program, l Limits) (printed, said []byte, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(l.Time, func() { cancel(ErrTime) })
	defer timer.Stop()

	out := &bounded{most: l.Output, full: func() { cancel(ErrOutput) }}
	errs := &bounded{most: saidMax}
	cmd := exec.CommandContext(ctx, p.Path, p.Args...)
	cmd.Dir, cmd.Env = p.Dir, environment(l)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(p.Input), out, errs
	cmd.SysProcAttr = attributes()
	cmd.Cancel = func() error { return cmd.Process.Signal(signalFor(context.Cause(ctx))) }
	cmd.WaitDelay = time.Second // then it is killed
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	yield(cmd.Process.Pid)
	var ended atomic.Bool
	go watch(cmd.Process.Pid, l.Memory, &ended, func() { cancel(ErrMemory) })
	err = cmd.Wait()
	ended.Store(true)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return out.text.Bytes(), errs.text.Bytes(), err
}

// signalFor lets a program remove its files, unless it takes memory meanwhile.
func signalFor(cause error) os.Signal {
	if errors.Is(cause, ErrMemory) {
		return syscall.SIGKILL
	}
	return syscall.SIGTERM
}

// environment is what such a program is to know of that of its parent: nothing of who supervises that, and no secret.
func environment(l Limits) []string {
	out := []string{"GOMEMLIMIT=" + strconv.FormatInt(l.Memory*3/4, 10), "GOMAXPROCS=" + strconv.Itoa(l.CPUs)}
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		switch name {
		case "PATH", "HOME", "TMPDIR", "TZ", "LANG", "GOCOVERDIR":
			out = append(out, e)
		}
	}
	return out
}

// watch calls full once a process has more memory than it may.
func watch(pid int, most int64, ended *atomic.Bool, full func()) {
	for !ended.Load() {
		if resident(pid) > most {
			full()
			return
		}
		time.Sleep(look)
	}
}

// Killed reports whether a signal ended the program, which then did not end by itself.
func Killed(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// bounded keeps the first bytes that are written to it.
type bounded struct {
	text bytes.Buffer // not embedded: its ReadFrom knows no bound
	most int
	full func() // nil: the rest is dropped
}

// Write implements io.Writer. It takes everything, so that the writer does not fail.
func (b *bounded) Write(p []byte) (int, error) {
	rest := max(0, b.most-b.text.Len())
	b.text.Write(p[:min(rest, len(p))])
	if rest < len(p) && b.full != nil {
		b.full()
	}
	return len(p), nil
}
