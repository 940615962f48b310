package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/conn"
	"causeway/internal/lastsignal"
)

// An upgrade ends in place: once the instances of the new program serve, the process of the supervisor executes that program, which adopts
// them. So the supervisor keeps its process id, and whoever watches it sees no end: a service manager, or the init of a container.

const (
	// trialVariable tells a program that it is to start the instances of an upgrade and leave them to its predecessor.
	trialVariable = "CAUSEWAY_TRIAL"

	// listenersVariable names the listeners that a process keeps when it executes another program, as NAME:DESCRIPTOR.
	listenersVariable = "CAUSEWAY_LISTENERS"

	controlName, addressName, apiName, apiSocketName, serviceName = "control", "address", "api", "api-socket", "service"
)

// takeVariable is a variable of the environment that is not for processes which this one starts.
func takeVariable(name string) string {
	value := os.Getenv(name)
	os.Unsetenv(name)
	return value
}

// leave ends this process without its instances.
func (s *Supervisor) leave() {
	s.end()
	s.predecessor.close()
	s.sockets.closeAll()
}

// becomeNewProgram executes the new program in this process. If it cannot, this program starts anew; instances go on serving in any case.
// A signal to end that comes first ends the gateway here; a later one is the new program's.
func (s *Supervisor) becomeNewProgram(ctx context.Context) {
	slog.Info("the instances of the new program serve; this process executes it now")
	s.Note(activity.Event{Kind: activity.Upgrade, Why: "the new program serves"})
	s.awaitNewProgram(ctx)
	if ctx.Err() != nil {
		s.finish(ctx)
		return
	}
	s.end()
	s.applyMu.Lock() // a change under way ends first
	environment := s.nextEnvironment()
	s.relinquish()
	environment = append(environment, passSignals(ctx)...)
	if own := openProgram(); own >= 0 {
		_, _ = unix.FcntlInt(uintptr(own), unix.F_SETFD, 0)
		environment = append(environment, fmt.Sprintf("%s=%d", beforeVariable, own))
	}
	for _, path := range s.nextPrograms() {
		err := syscall.Exec(path, os.Args, environment)
		slog.Error("the supervisor cannot execute the new program", "path", path, "error", err)
	}
}

// passSignals leaves the signals to the program that this process executes next. It returns what goes into the environment of that one.
func passSignals(ctx context.Context) (variables []string) {
	signal.Ignore(syscall.SIGHUP, syscall.SIGUSR2) // until that program waits for them
	variables, err := lastsignal.Pass(ctx)
	if err != nil {
		slog.Warn("a signal to end that comes now may be lost", "error", err)
	}
	return variables
}

// nextPrograms are the paths of the program that has proved itself, and of this one. A trial of an older version does not pass its file on.
func (s *Supervisor) nextPrograms() []string {
	if fd := s.successors.program; fd >= 0 {
		return []string{descriptorPath(fd), thisProgram()}
	}
	return []string{installedProgram(), thisProgram()}
}

// nextEnvironment is that of the program which this process executes next. It names the listeners that stay open: those of the commands, so
// that nobody who asks meanwhile is refused, and those of the service manager, which passes them only once.
func (s *Supervisor) nextEnvironment() []string {
	var kept []string
	keep := func(name string, fd int, err error) {
		if err == nil {
			_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0)
		}
		if err != nil {
			slog.Warn("a listener is not kept", "name", name, "error", err)
			return
		}
		kept = append(kept, fmt.Sprintf("%s:%d", name, fd))
	}
	own := s.listeners()
	fd, err := conn.Descriptor(own.Control)
	keep(controlName, fd, err)
	for name, ln := range map[string]net.Listener{addressName: own.Address, apiName: own.API, apiSocketName: own.APISocket} {
		if ln != nil {
			fd, err := conn.Descriptor(ln)
			keep(name, fd, err)
		}
	}
	for _, v := range s.sockets.services {
		keep(serviceName, v.fd, nil)
	}
	return append(os.Environ(), listenersVariable+"="+strings.Join(kept, " "))
}

// inheritedListeners are those that the program before this one has kept open in this process.
func inheritedListeners() (commands admin.Listeners, services []net.Listener) {
	for fd, name := range keptListeners(takeVariable(listenersVariable)) {
		ln, err := conn.Listener(fd)
		syscall.Close(fd)
		switch {
		case err != nil:
			slog.Warn("a listener was not kept", "name", name, "error", err)
		case name == controlName:
			commands.Control = ln
		case name == addressName:
			commands.Address = ln
		case name == apiName:
			commands.API = ln
		case name == apiSocketName:
			commands.APISocket = ln
		case name == serviceName:
			services = append(services, ln)
		}
	}
	return commands, services
}

// keptListeners are the names of listeners by descriptor, as listenersVariable has them.
func keptListeners(variable string) map[int]string {
	all := map[int]string{}
	for _, kept := range strings.Fields(variable) {
		name, number, _ := strings.Cut(kept, ":")
		if fd, err := strconv.Atoi(number); err == nil {
			all[fd] = name
		}
	}
	return all
}
