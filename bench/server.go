package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Ports on loopback.
const (
	backendPort = 29080
	portBase    = 29100 // a proxy has more above it:

	tlsOffset      = 10
	overrideOffset = 20 // Causeway's listener whose settings override host name and path
)

// server is a program under measurement, or the backend.
type server struct {
	name  string
	port  int
	cmd   *exec.Cmd
	files []*os.File
}

func (s *server) stop() {
	if s == nil || s.cmd.Process == nil {
		return
	}
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
	for range 100 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
		if err == nil {
			return c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("start %s: nothing listens on port %d after 5 s", s.name, s.port)
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
