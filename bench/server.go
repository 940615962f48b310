package main

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Ports on loopback. choosePorts sets them before anything starts.
var (
	backendPort int
	probedPort  int // of the members that are only probed
	portBase    int // of the proxies, which have more above it:
)

const (
	tlsOffset      = 10
	overrideOffset = 20 // Causeway's listener whose settings override host name and path
	portSpan       = 200
)

// choosePorts finds a span of ports of which none is taken, below those that the system hands out by itself. A proxy
// that could not bind its port would have another program be measured in its place.
func choosePorts() error {
	for first := 29_000; first >= 20_000; first -= portSpan {
		if free(first, portSpan) {
			backendPort, probedPort, portBase = first, first+1, first+10
			return nil
		}
	}
	return fmt.Errorf("no %d ports in a row are free", portSpan)
}

func free(first, n int) bool {
	for port := first; port < first+n; port++ {
		ln, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			return false
		}
		ln.Close()
	}
	return true
}

// server is a program under measurement, or the backend.
type server struct {
	name    string
	address string // empty: 127.0.0.1
	port    int
	cmd     *exec.Cmd
	files   []*os.File
}

func (s *server) stop() {
	if s == nil || s.cmd.Process == nil {
		return
	}
	running.forget(s)
	s.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { s.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		s.cmd.Process.Kill()
	}
	for _, f := range s.files {
		f.Close()
	}
}

func (s *server) start() error {
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	running.add(s)
	for range 200 {
		c, err := net.Dial("tcp", fmt.Sprint(cmp.Or(s.address, "127.0.0.1"), ":", s.port))
		if err == nil {
			return c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("start %s: nothing listens on port %d after 10 s", s.name, s.port)
}

func (s *server) open(dir, name string) (*os.File, error) {
	f, err := os.Create(filepath.Join(dir, name))
	s.files = append(s.files, f)
	return f, err
}

// entrant is a proxy that takes part: its name, and how it is made in a folder and at a port.
type entrant struct {
	name string
	make func(dir string, port int) (*server, error)
}

// startAll runs the proxies on CPU 0, each in a folder of its own.
func startAll(dir string, entrants []entrant) (list []*server, err error) {
	for i, e := range entrants {
		s, err := e.in(filepath.Join(dir, e.name), portBase+i)
		if err == nil {
			err = s.start()
		}
		if err != nil {
			return list, err
		}
		list = append(list, s)
	}
	return list, nil
}

// in makes the proxy in a folder, which it makes too.
func (e *entrant) in(dir string, port int) (*server, error) {
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	s, err := e.make(dir, port)
	if err == nil {
		s.name, s.port = e.name, port
	}
	return s, err
}
