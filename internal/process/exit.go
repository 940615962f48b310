package process

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"causeway/internal/fdpass"
)

// Exit is how an instance ended.
type Exit struct {
	Drained bool           // it had drained and ended as it should; else requests may have been lost
	Known   bool           // the system says how it ended: not so for an instance that is no child of this process
	Code    int            // exit status; -1 after a signal
	Signal  syscall.Signal // that ended it; 0: none
	Why     string         // why Kill was called; empty: it was not

	Seen        time.Time // last sign of life
	Connections int       // of clients, at that time; -1: unknown
}

// watch waits for the end of the instance: it holds its side of the first conversation for as long as it lives.
func (p *Process) watch(c *fdpass.Conn) {
	var a answer
	c.SetDeadline(time.Time{})
	_, _ = c.Receive(&a) // nothing is asked in this conversation any more: it ends with the instance
	c.Close()
	p.finish()
}

// finish finds out how the instance ended, and removes its traces.
func (p *Process) finish() {
	p.exit = p.reap()
	_, err := os.Stat(p.socket)
	p.exit.Drained = p.exit.Known && p.exit.Code == 0 || !p.exit.Known && errors.Is(err, fs.ErrNotExist)
	p.mu.Lock()
	p.exit.Why, p.exit.Seen, p.exit.Connections = p.killed, p.heard, p.last.Connections
	if p.heard.IsZero() {
		p.exit.Connections = -1
	}
	p.mu.Unlock()
	if b, ok := readBeat(p.socket); ok && b.At.After(p.exit.Seen) {
		p.exit.Seen, p.exit.Connections = b.At, b.Connections
	}
	removeTraces(p.socket)
	close(p.gone)
}

// reap asks the system how the process ended. Instances of a supervisor before this one are its children too if that one was the same
// process, which has since executed another program.
func (p *Process) reap() Exit {
	if p.cmd != nil {
		_ = p.cmd.Wait() // the state says how it ended
		if p.cmd.ProcessState == nil {
			return Exit{}
		}
		status, _ := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
		return exitOf(unix.WaitStatus(status))
	}
	var status unix.WaitStatus
	if pid, err := unix.Wait4(p.PID, &status, 0, nil); err != nil || pid != p.PID {
		return Exit{}
	}
	return exitOf(status)
}

func exitOf(status unix.WaitStatus) Exit {
	e := Exit{Known: true, Code: status.ExitStatus()}
	if status.Signaled() {
		e.Signal = status.Signal()
	}
	return e
}
