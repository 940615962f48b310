package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// child is another program that runs until it is stopped.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	log   string // file with what it says
	done  chan struct{}
}

const (
	firstLineWithin = 10 * time.Second
	stopWithin      = 3 * time.Second
)

// startChild runs a program whose standard error goes to a file. If the program talks, its first line is waited for and
// returned. It is asked to end when ctx does.
func startChild(ctx context.Context, log string, talks bool, program string, args ...string) (*child, string, error) {
	f, err := os.Create(log)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	c := &child{cmd: exec.CommandContext(ctx, program, args...), log: log, done: make(chan struct{})}
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
		return nil, "", err
	}
	line := make(chan string, 1)
	go func() {
		defer close(c.done)
		in := bufio.NewReader(stdout)
		first, _ := in.ReadString('\n')
		line <- strings.TrimSpace(first)
		io.Copy(io.Discard, in)
		c.cmd.Wait()
	}()
	if !talks {
		return c, "", nil
	}
	select {
	case first := <-line:
		if first != "" {
			return c, first, nil
		}
		err = errors.New("it ended at once")
	case <-time.After(firstLineWithin):
		err = fmt.Errorf("it said nothing within %v", firstLineWithin)
	case <-ctx.Done():
		err = ctx.Err()
	}
	c.stop()
	return nil, "", fmt.Errorf("%w:\n%s", err, c.tail())
}

// stop asks the child to end, then makes it.
func (c *child) stop() {
	c.stdin.Close()
	c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(stopWithin):
		c.cmd.Process.Kill()
		<-c.done
	}
}

func (c *child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// tail is the end of what the child has said.
func (c *child) tail() string {
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
