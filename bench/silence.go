package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"causeway/bench/silent"
)

// places of Causeway and nginx while a silent crowd holds as many as it can.
const places = 1024

// reportSilence measures what a well-behaved client gets beside a crowd that connects once a millisecond and says nothing:
// one question a second, two seconds of patience.
func reportSilence(w io.Writer, dir, binary string, length time.Duration) error {
	heading(w, "Beside a silent crowd",
		fmt.Sprintf("A client connects once a millisecond and says nothing, for %s; another asks once a second, on a new connection, and waits\nfor 2 s. Each proxy has %d places.", length, places))
	t := table{header: []string{"proxy", "asked", "answered"}}
	for i, e := range []entrant{{this, causeway(binary, "")}, {"nginx", nginx}} {
		s, err := crowded(e, filepath.Join(dir, fmt.Sprint("silence-", i)), portBase+40+i)
		if err != nil {
			return err
		}
		asked, answered := silent.Play(fmt.Sprintf("127.0.0.1:%d", s.port), time.Millisecond, length, 2*time.Second)
		s.stop()
		t.add(s.name, fmt.Sprint(asked), fmt.Sprint(answered))
	}
	t.print(w)
	return nil
}

// crowded starts a proxy with few places: Causeway has them from its limit of open files, of which it keeps 256 for
// itself and counts two for a client; nginx from its configuration.
func crowded(e entrant, dir string, port int) (*server, error) {
	s, err := e.in(dir, port)
	if err != nil {
		return nil, err
	}
	if s.name == this {
		s.cmd.Args = append([]string{s.cmd.Args[0], s.cmd.Args[1], s.cmd.Args[2], "prlimit", fmt.Sprintf("--nofile=%d", 2*places+256)},
			s.cmd.Args[3:]...)
	} else if err := edit(filepath.Join(dir, "nginx.conf"), func(conf string) string {
		return strings.Replace(conf, "worker_connections 19000", fmt.Sprintf("worker_connections %d", places), 1)
	}); err != nil {
		return nil, err
	}
	return s, s.start()
}
