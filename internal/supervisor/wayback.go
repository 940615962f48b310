package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A program that served on trial may still fail in the process of the supervisor: only there does it open the store and the control socket.
// So the program before leaves a way back, a descriptor of itself. Nobody goes that way twice: the program before has none.

const (
	// beforeVariable names the descriptor of the program that this process executed before.
	beforeVariable = "CAUSEWAY_BEFORE"

	// failureVariable says why the program that this process executed in between could not begin.
	failureVariable = "CAUSEWAY_UPGRADE_FAILED"

	// failureBytes is how much of that fits.
	failureBytes = 4 << 10
)

// wayBack leads back to the program before, with the listeners that it has passed on.
type wayBack struct {
	program   int // descriptor of its file; -1: there is none
	listeners map[int]string
}

// takeWayBack is the way that the program before has left. It is to be called before the listeners are taken.
func takeWayBack() *wayBack {
	b := &wayBack{program: -1, listeners: map[int]string{}}
	fd, err := strconv.Atoi(takeVariable(beforeVariable))
	if err != nil {
		return b
	}
	syscall.CloseOnExec(fd)
	b.program = fd
	for fd, name := range keptListeners(os.Getenv(listenersVariable)) {
		if own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0); err == nil {
			b.listeners[own] = name
		}
	}
	return b
}

// take executes the program before again, because of an error. It returns if there is none, or if that fails.
func (b *wayBack) take(ctx context.Context, why error) {
	if b.program < 0 {
		return
	}
	slog.Error("the new program cannot begin; this process executes the one before it again", "error", why)
	var kept []string
	for fd, name := range b.listeners {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err == nil {
			kept = append(kept, fmt.Sprintf("%s:%d", name, fd))
		}
	}
	text := strings.ReplaceAll(why.Error(), "\x00", "")
	environment := append(os.Environ(), passSignals(ctx)...)
	environment = append(environment, listenersVariable+"="+strings.Join(kept, " "))
	environment = append(environment, failureVariable+"="+text[:min(len(text), failureBytes)])
	err := syscall.Exec(descriptorPath(b.program), os.Args, environment)
	slog.Error("the supervisor cannot execute the program before", "error", err)
}

// close gives the way up: this program serves.
func (b *wayBack) close() {
	if b.program >= 0 {
		syscall.Close(b.program)
	}
	for fd := range b.listeners {
		syscall.Close(fd)
	}
}

// openProgram is a descriptor of the program that runs, whatever lies at its path by now. -1: there is none.
func openProgram() int {
	fd, err := unix.Open("/proc/self/exe", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}

// descriptorPath is a path at which execve(2) finds an open file.
func descriptorPath(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// nameProcess gives this process the name of its command: after execve by a descriptor it has the number of that.
func nameProcess() {
	_ = os.WriteFile("/proc/self/comm", []byte(filepath.Base(os.Args[0])), 0) // where there is no such file, there is no such name
}
