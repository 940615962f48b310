// Command soak runs Causeway for an hour under everything at once: clients that keep their connections and clients that
// do not, TLS, WebSockets, uploads, peers on both sides that reset, slow ones, and a new configuration every few seconds.
// It fails unless memory, descriptors and latency stay where they were, and nothing fails that was not asked to.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// plan is what is to be run.
type plan struct {
	length, window, reload time.Duration
	rate                   float64
	binary, engine, folder string
}

func main() {
	p := &plan{}
	flag.DurationVar(&p.length, "length", time.Hour, "of the whole, a minute at least")
	flag.DurationVar(&p.reload, "reload", 5*time.Second, "time between two configurations")
	flag.Float64Var(&p.rate, "rate", 1000, "exchanges a second of all clients together; each takes 1 to 2 kB of the access log")
	flag.StringVar(&p.binary, "causeway", "bin/causeway", "binary to run")
	flag.StringVar(&p.engine, "engine", "", "its engine; empty: the default one")
	flag.StringVar(&p.folder, "dir", "", "folder for the access log; empty: the one for temporary files")
	flag.Parse()
	if err := p.run(); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// windows are how many lines are printed at least; a quarter of them is compared with another.
const windows = 12

func (p *plan) run() error {
	if p.length < time.Minute || p.rate <= 0 || p.reload <= 0 {
		return errors.New("-length must be a minute at least, -rate and -reload positive")
	}
	p.window = min(time.Minute, p.length/windows)
	dir, err := os.MkdirTemp(p.folder, "causeway-soak-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	members, err := startMembers()
	if err != nil {
		return err
	}
	defer members.close()
	g, err := p.start(filepath.Join(dir, "data"), dir, members)
	if err != nil {
		return err
	}
	clients := startClients(g, p.rate)
	lines, failed := p.watch(g, clients)
	clients.end()
	return errors.Join(failed, g.end(p.length/p.reload), judge(os.Stdout, lines))
}
