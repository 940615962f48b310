package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is another program that runs until it is stopped.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	log   string      // file with what it says on standard error
	first chan string // the first line that it prints
	done  chan struct{}
}

const (
	firstLineWithin = 10 * time.Second
	stopWithin      = 10 * time.Second // a gateway that is killed would leave its instances
)

// startChild runs a program whose standard error goes to a file. It is asked to end when ctx does.
func startChild(ctx context.Context, log, program string, args ...string) (*process, error) {
	f, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := &process{cmd: exec.CommandContext(ctx, program, args...), log: log, first: make(chan string, 1), done: make(chan struct{})}
	c.cmd.Stderr = f
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.WaitDelay = stopWithin
	stdout, err := c.cmd.StdoutPipe()
	if err == nil {
		c.stdin, err = c.cmd.StdinPipe()
	}
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	go c.attend(stdout)
	return c, nil
}

// attend reads what the child prints, to its end.
func (c *process) attend(stdout io.Reader) {
	defer close(c.done)
	in := bufio.NewReader(stdout)
	line, err := in.ReadString('\n')
	if err == nil {
		c.first <- strings.TrimSpace(line)
	}
	io.Copy(io.Discard, in)
	c.cmd.Wait()
}

// firstLine waits for the first line that the child prints.
func (c *process) firstLine(ctx context.Context) (string, error) {
	select {
	case line := <-c.first:
		return line, nil
	case <-c.done:
		return "", fmt.Errorf("it ended at once:\n%s", c.tail())
	case <-time.After(firstLineWithin):
		return "", fmt.Errorf("it said nothing within %v:\n%s", firstLineWithin, c.tail())
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// stop asks the child to end, then makes it.
func (c *process) stop() {
	c.stdin.Close()
	c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(stopWithin):
		c.cmd.Process.Kill()
		<-c.done
	}
}

func (c *process) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// tail is the end of what the child has said.
func (c *process) tail() string {
	const most = 2000
	b, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-most):])
}

// findNode is the node program on PATH; empty if there is none.
func findNode() string {
	for _, name := range []string{"node", "nodejs"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func nodeVersion(ctx context.Context, node string) string {
	out, err := exec.CommandContext(ctx, node, "--version").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
