package supervisor

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// portOwner is a process that listens at an address which this gateway wants.
type portOwner struct {
	pid      int
	name     string // of its program
	causeway bool   // it is the supervisor or an instance of a gateway
	data     string // data directory of that gateway
}

// takenError is an address that other processes have. Its text says which, its hint how to get on.
type takenError struct {
	err  error
	text string
	hint string
}

func (e *takenError) Error() string { return e.err.Error() + "; " + e.text }
func (e *takenError) Unwrap() error { return e.err }

// taken adds to an error of bind who has the address, as far as that can be known. Other errors stay as they are.
func taken(err error, address, data string) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	all := portOwners(address)
	owners := slices.DeleteFunc(slices.Clone(all), func(o portOwner) bool { return o.pid == os.Getpid() })
	e := &takenError{err: err, text: "another program has it", hint: "stop the program that has it, or use --listen, --port-offset, --admin or --api"}
	switch {
	case len(owners) > 0:
		e.text, e.hint = explain(owners, data)
	case len(all) > 0:
		e.text, e.hint = "this gateway has it already", "give --admin, --api and every frontend an address of its own"
	}
	return e
}

// explain says who has an address, and what to do about it, to a gateway with a data directory.
func explain(owners []portOwner, data string) (text, hint string) {
	var pids []string
	for _, o := range owners {
		pids = append(pids, fmt.Sprint(o.pid))
	}
	who, verb := "process "+pids[0], "has it"
	if len(pids) > 1 {
		who, verb = "processes "+strings.Join(pids, ", "), "have it"
	}
	end := "let them finish and end: kill " + strings.Join(pids, " ")
	switch first := owners[0]; {
	case !first.causeway:
		return fmt.Sprintf("%s (%s) %s", who, first.name, verb), "stop that program, or use --listen, --port-offset, --admin or --api"
	case sameFolder(first.data, data):
		return fmt.Sprintf("%s %s: instances of this very data directory", who, verb),
			"start with the --listen, --bind, --port-offset, --admin and --api from before, or " + end
	case supervised(first.data):
		return fmt.Sprintf("%s %s: the gateway in %s", who, verb, first.data),
			"causeway stop --data " + first.data + " closes the ports of its listeners; its other ports close when it ends. Or use --listen, " +
				"--port-offset, --admin or --api"
	default:
		return fmt.Sprintf("%s %s: instances of the gateway in %s, which no supervisor looks after", who, verb, first.data),
			"adopt them with causeway serve --data " + first.data + ", or " + end
	}
}

// supervised reports whether a supervisor runs on a data directory.
func supervised(data string) bool {
	c, err := net.DialTimeout("unix", Socket(data), time.Second)
	if err == nil {
		c.Close()
	}
	return err == nil
}

func sameFolder(a, b string) bool {
	x, err := os.Stat(filepath.Clean(a))
	y, bad := os.Stat(filepath.Clean(b))
	return err == nil && bad == nil && os.SameFile(x, y)
}
