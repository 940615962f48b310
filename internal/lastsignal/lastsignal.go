// Package lastsignal keeps a signal to end that comes while a process executes another program. The program before passes on what it
// has heard, through a pipe. The new program listens before anything else in it begins, and tells itself again once it can obey.
//
// About two milliseconds are left, in which a signal is lost: from execve(2) until the Go runtime handles signals. That unblocks every
// signal that ends a process, so none can stay pending until then.
package lastsignal

import (
	"context"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// variable names the descriptor of the pipe. It holds a byte if there was a signal.
const variable = "CAUSEWAY_SIGNAL"

// heard holds a signal that came before Take. The runtime sets it early, because this package imports little: the packages of the store
// and of Azure's clients take tens of milliseconds more before main begins.
var heard = listen()

func listen() chan os.Signal {
	if os.Getenv(variable) == "" {
		return nil
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT)
	return c
}

// Pass tells the program that this process executes next when ctx ends, also if it has ended. It returns what goes into the environment
// of that program. Nothing but execve(2) may follow: the process ignores signals from here on, since its death would leave its instances
// alone. An error, of the system's, leaves everything as it was.
func Pass(ctx context.Context) (variables []string, err error) {
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		return nil, os.NewSyscallError("pipe", err)
	}
	syscall.CloseOnExec(pipe[1])
	_ = syscall.SetNonblock(pipe[0], true) // the new program looks, and does not wait
	pass := func() { _, _ = syscall.Write(pipe[1], []byte{1}) }
	if ctx.Err() != nil {
		pass()
	} else {
		context.AfterFunc(ctx, pass)
	}
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
	return []string{variable + "=" + strconv.Itoa(pipe[0])}, nil
}

// Take sends this process the signal that came while it executed this program. Whoever calls it handles SIGTERM already.
func Take() {
	fd, err := strconv.Atoi(os.Getenv(variable))
	_ = os.Unsetenv(variable)
	if err != nil {
		return
	}
	n, _ := syscall.Read(fd, make([]byte, 1))
	_ = syscall.Close(fd)
	signal.Stop(heard)
	if n > 0 || len(heard) > 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
	}
}
