package process

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"causeway/internal/fdpass"
)

// Adopt finds the instances of a data directory that another supervisor has started, but for those of the process ids in
// known. dead are those that ended while no supervisor looked, and those that do not answer, which it ends: Exit says what is known.
func Adopt(data string, known map[int]bool) (found, dead []*Process) {
	paths, _ := filepath.Glob(filepath.Join(data, runName, "*.sock"))
	for _, path := range paths {
		var number, pid int
		if _, err := fmt.Sscanf(filepath.Base(path), "%d-%d.sock", &number, &pid); err != nil || known[pid] {
			continue
		}
		p := newProcess(data, number, pid)
		switch err := p.adopt(); {
		case err == nil:
			found = append(found, p)
		case errors.Is(err, syscall.ECONNREFUSED):
			p.finish()
			dead = append(dead, p)
		case errors.Is(err, errSilent):
			slog.Error("an instance does not answer; it is ended", "number", number, "pid", pid, "error", err)
			p.Kill("it did not answer the supervisor that found it")
			p.finish()
			dead = append(dead, p)
		}
	}
	return found, dead
}

// errSilent is returned by adopt for an instance that lives, since its socket is open, and hangs. Nobody could ever stop it.
var errSilent = errors.New("it does not answer")

// adopt takes over an instance that has a socket.
func (p *Process) adopt() error {
	if b, ok := readBeat(p.socket); ok {
		p.Started = b.Started
	} else if info, err := os.Lstat(p.socket); err == nil {
		p.Started = info.ModTime()
	}
	c, err := fdpass.Dial(p.socket, time.Second)
	if err != nil {
		return err
	}
	a, _, err := p.exchange(c, question{Verb: askState}, AnswerTime)
	if err != nil || a.State == nil {
		c.Close()
		return errors.Join(errSilent, err)
	}
	p.hear(a.State)
	p.Build, p.Started = a.State.Build, a.State.Started
	for _, address := range a.State.Addresses {
		p.held[address] = true
	}
	go p.watch(c)
	return nil
}
