package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"golang.org/x/sys/unix"

	"causeway/internal/evidence"
	"causeway/internal/fdpass"
	"causeway/internal/gateway"
)

// Process is a supervisor's view of an instance.
type Process struct {
	Number  int
	PID     int
	Build   string // version of its program
	Started time.Time

	socket string
	cmd    *exec.Cmd     // nil for one that another supervisor has started
	gone   chan struct{} // closed when it has ended
	exit   Exit          // valid after gone

	mu     sync.Mutex
	held   map[string]bool // addresses whose sockets it has
	last   State           // as it was last asked
	heard  time.Time       // when that was
	killed string          // why Kill was called; empty: it was not
}

// Command is the program of an instance.
type Command struct {
	Path string
	Args []string
	Env  []string // beside the supervisor's own
}

const (
	// AnswerTime is how long an instance that is merely busy may take for a question that needs no work.
	AnswerTime = 5 * time.Second

	startTime = 10 * time.Second // from the start of the program to its socket
)

// Start starts an instance that serves nothing yet. confine, unless nil, is called with its process id before it does anything.
func Start(ctx context.Context, command Command, setup Setup, confine func(pid int) error) (*Process, error) {
	if err := os.MkdirAll(filepath.Join(setup.Data, runName), 0o700); err != nil {
		return nil, fmt.Errorf("start instance %d: %w", setup.Number, err)
	}
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, fmt.Errorf("start instance %d: %w", setup.Number, err)
	}
	cmd := exec.Command(command.Path, command.Args...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(environment(), command.Env...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's signals are for the supervisor
	err = cmd.Start()
	theirs.Close() // else nobody would notice that the instance has gone
	if err != nil {
		_ = ours.Close()
		return nil, fmt.Errorf("start instance %d: %w", setup.Number, err)
	}
	p := newProcess(setup.Data, setup.Number, cmd.Process.Pid)
	p.cmd, p.Build, p.Started = cmd, setup.Version, time.Now()
	c := fdpass.New(ours)
	if confine != nil {
		err = confine(p.PID)
	}
	if err == nil {
		err = p.greet(ctx, c, setup)
	}
	if err != nil {
		c.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		removeTraces(p.socket)
		return nil, fmt.Errorf("start instance %d: %w", setup.Number, err)
	}
	go p.watch(c)
	return p, nil
}

// environment is this process's, without what a service manager has for the supervisor alone.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "NOTIFY_SOCKET=") })
}

func newProcess(data string, number, pid int) *Process {
	return &Process{
		Number: number, PID: pid, socket: socketOf(data, number, pid), gone: make(chan struct{}), held: map[string]bool{},
	}
}

// socketPair is a conversation whose other end another process gets.
func socketPair() (*net.UnixConn, *os.File, error) {
	syscall.ForkLock.RLock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	theirs, f := os.NewFile(uintptr(fds[1]), "instance"), os.NewFile(uintptr(fds[0]), "supervisor")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return c.(*net.UnixConn), theirs, nil
}

// greet sends the setup and waits until the instance answers.
func (p *Process) greet(ctx context.Context, c *fdpass.Conn, setup Setup) error {
	c.SetDeadline(time.Now().Add(startTime))
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var a answer
	err := c.Send(setup)
	if err == nil {
		err = c.Send(question{Verb: askState})
	}
	if err == nil {
		_, err = c.Receive(&a)
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET):
		return errors.New("it ended before it was ready; its lines in this log say why")
	case err != nil:
		return fmt.Errorf("wait for its first answer: %w", err)
	}
	p.hear(a.State)
	c.SetDeadline(time.Time{})
	return nil
}

// Gone is closed when the instance has ended.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Exit is how it ended, once Gone is closed.
func (p *Process) Exit() Exit { return p.exit }

// Alive reports whether it has not ended.
func (p *Process) Alive() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

// Last is the state that it was in when it was last asked.
func (p *Process) Last() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *Process) hear(s *State) {
	if s != nil {
		p.mu.Lock()
		p.last, p.heard = *s, time.Now()
		p.mu.Unlock()
	}
}

// Heard is when it answered last; zero: never.
func (p *Process) Heard() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard
}

// State asks the instance for its state. Without an answer in that time the state is the last known one, beside the error.
func (p *Process) State(within time.Duration) (State, error) {
	a, err := p.ask(askState, within)
	if err == nil {
		p.hear(a.State)
	}
	return p.Last(), err
}

// Health is the backend health as this instance sees it.
func (p *Process) Health(within time.Duration) (gateway.Health, error) {
	a, err := p.ask(askHealth, within)
	if err != nil || a.Health == nil {
		return gateway.Health{}, err
	}
	return *a.Health, nil
}

// Machine is what it has to work with.
func (p *Process) Machine(within time.Duration) (evidence.Machine, error) {
	a, err := p.ask(askMachine, within)
	if err != nil || a.Machine == nil {
		return evidence.Machine{}, err
	}
	return *a.Machine, nil
}

// metricsFormat is how metrics travel between the two.
var metricsFormat = expfmt.NewFormat(expfmt.TypeProtoDelim)

// Metrics is all that it counts.
func (p *Process) Metrics() (families []*dto.MetricFamily, err error) {
	a, err := p.ask(askMetrics, AnswerTime)
	if err != nil {
		return nil, err
	}
	decoder := expfmt.NewDecoder(bytes.NewReader(a.Metrics), metricsFormat)
	for {
		f := new(dto.MetricFamily)
		if err := decoder.Decode(f); errors.Is(err, io.EOF) {
			return families, nil
		} else if err != nil {
			return nil, err
		}
		families = append(families, f)
	}
}

// Sockets are its listening sockets, by address. They are the caller's to close.
func (p *Process) Sockets() (map[string]int, error) {
	c, err := p.dial()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	a, files, err := p.exchange(c, question{Verb: askSockets}, AnswerTime)
	if err != nil {
		return nil, err
	}
	if len(files) != len(a.Addresses) {
		fdpass.CloseAll(files)
		return nil, fmt.Errorf("ask instance %d for its sockets: %d came with %d addresses", p.Number, len(files), len(a.Addresses))
	}
	out := map[string]int{}
	for i, f := range files {
		out[a.Addresses[i]] = f
	}
	return out, nil
}

// Drain lets the instance finish what is under way, for as long as within at most, and then end. It returns at once.
func (p *Process) Drain(within time.Duration) error {
	c, err := p.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	_, _, err = p.exchange(c, question{Verb: drain, Within: within}, AnswerTime)
	return err
}

// Terminate asks it by a signal to drain and end, where it cannot be asked by its socket. It then has signalDrain for that.
func (p *Process) Terminate() {
	if p.Alive() {
		_ = syscall.Kill(p.PID, syscall.SIGTERM) // it may have ended just now
	}
}

// Kill ends it at once. The reason goes into its Exit.
func (p *Process) Kill(why string) {
	if !p.Alive() {
		return
	}
	p.mu.Lock()
	p.killed = why
	p.mu.Unlock()
	_ = syscall.Kill(p.PID, syscall.SIGKILL) // it may have ended just now
}

func (p *Process) dial() (*fdpass.Conn, error) {
	c, err := fdpass.Dial(p.socket, AnswerTime)
	if err != nil {
		return nil, fmt.Errorf("reach instance %d (process %d): %w", p.Number, p.PID, err)
	}
	return c, nil
}

// ask asks one thing in a conversation of its own.
func (p *Process) ask(v verb, within time.Duration) (answer, error) {
	c, err := p.dial()
	if err != nil {
		return answer{}, err
	}
	defer c.Close()
	a, files, err := p.exchange(c, question{Verb: v}, within)
	fdpass.CloseAll(files)
	return a, err
}

// exchange is one question and its answer. An answer that is an error is a *Refusal.
func (p *Process) exchange(c *fdpass.Conn, q question, within time.Duration, files ...int) (a answer, out []int, err error) {
	c.SetDeadline(time.Now().Add(within))
	return p.converse(c, q, files...)
}

// converse is exchange by the deadline that the conversation has.
func (p *Process) converse(c *fdpass.Conn, q question, files ...int) (a answer, out []int, err error) {
	if err = c.Send(q, files...); err == nil {
		out, err = c.Receive(&a)
	}
	if err != nil {
		return a, nil, fmt.Errorf("ask instance %d (process %d) for %s: %w", p.Number, p.PID, q.Verb, err)
	}
	if a.Error != "" {
		return a, out, &Refusal{Number: p.Number, Text: a.Error}
	}
	return a, out, nil
}

// Refusal is what an instance says that does not do what it was asked.
type Refusal struct {
	Number int
	Text   string
}

func (r *Refusal) Error() string { return strings.TrimSpace(r.Text) }
