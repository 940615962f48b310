// Command bench measures Causeway, nginx and HAProxy on the same work in the same run, round by round in turn, so that
// a machine whose speed drifts slows all of them alike. What counts is the ratio within a round.
//
// The proxy runs on CPU 0, the load generator (wrk) and the backend (an nginx of its own) share CPU 1. Each proxy writes
// a JSON access log, keeps connections alive on both sides and adds X-Forwarded-For. Each has one event loop: Causeway runs one instance
// with a budget of one processor, nginx one worker, HAProxy one thread. What the supervisor and its store spend counts as Causeway's.
//
// With -compare another build of Causeway takes its turn in the same rounds, and what costs more than it did fails.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"causeway/bench/selfsigned"
)

// plan is what is to be measured.
type plan struct {
	rounds          int
	length          time.Duration
	only            string
	idle            int
	silence, probes time.Duration
	binary, compare string
	onlyCompare     bool
	engines, scale  bool
	floor           bool
	instances       bool
	page            string
	turn            *turn
}

func main() {
	p := &plan{}
	flag.IntVar(&p.rounds, "rounds", 5, "rounds; the median of them is reported")
	flag.DurationVar(&p.length, "length", 2*time.Second, "of one measurement, in whole seconds")
	flag.StringVar(&p.only, "only", "", "only workloads whose name contains this")
	flag.IntVar(&p.idle, "idle", idleGoalClients, "idle clients for the memory figure; 0 leaves it out")
	flag.DurationVar(&p.silence, "silence", 20*time.Second, "of the measurement beside a silent crowd; 0 leaves it out")
	flag.DurationVar(&p.probes, "probes", time.Minute, "of the measurement of probes; 0 leaves it out")
	flag.StringVar(&p.binary, "causeway", "bin/causeway", "binary to measure")
	flag.StringVar(&p.compare, "compare", "", "another build of it: exit with 1 where -causeway costs over a tenth more CPU than it, twice")
	flag.BoolVar(&p.onlyCompare, "only-compare", false, "measure the two builds and nothing else")
	flag.BoolVar(&p.engines, "engines", false, "measure the engine of goroutines beside the one of event loops, if the binary has both")
	flag.BoolVar(&p.scale, "scale", false, "compute how much more two processors carry than one")
	flag.BoolVar(&p.instances, "instances", false, "measure instances and sizes, and nothing else")
	flag.StringVar(&p.page, "o", "", "also write the figures into this page, between the two lines that it has for them")
	flag.BoolVar(&p.floor, "floor", true, "measure a forwarder that does no work of its own, too")
	ports := flag.String("forward", "", "forward from one port of loopback to another, as PORT:PORT, and nothing else")
	play := flag.String("load", "", "play this load, in JSON, and nothing else")
	flag.Parse()
	err := error(nil)
	switch {
	case *play != "":
		err = playLoad(*play)
	case *ports != "":
		err = forwardPorts(*ports)
	default:
		err = p.perform(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// perform measures, and writes what came out, into the page too.
func (p *plan) perform(w io.Writer) error {
	if err := p.check(); err != nil {
		return err
	}
	if p.page == "" {
		return p.run(w)
	}
	page, err := readPage(p.page)
	if err != nil {
		return err
	}
	var measured bytes.Buffer
	if err := p.run(io.MultiWriter(w, &measured)); err != nil {
		return err
	}
	if page, err = replaceMeasured(page, measured.String()); err != nil {
		return err
	}
	return os.WriteFile(p.page, []byte(page), 0o644)
}

func (p *plan) run(w io.Writer) error {
	var err error
	if p.turn, err = newTurn(); err != nil {
		return err
	}
	defer p.turn.end()
	p.turn.take() // until the proxies have their ports
	if err := choosePorts(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "causeway-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	running.endOnSignal(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // nginx's worker reads it under another user
		return err
	}
	backend, err := startBackend(dir)
	if err != nil {
		return err
	}
	defer backend.stop()
	if p.instances {
		p.reportSetting(w)
		return p.reportInstances(w, dir)
	}
	if p.engines {
		if p.engines, err = knowsEngines(filepath.Join(dir, "engines"), p.binary); err != nil {
			return err
		}
		if !p.engines {
			fmt.Fprintf(os.Stderr, "%s has one engine: there is none to compare it with\n", p.binary)
		}
	}
	proxies, err := startAll(dir, p.lineUp())
	for _, s := range proxies {
		defer s.stop()
	}
	if err != nil {
		return err
	}
	return p.measure(w, dir, proxies)
}

// check refuses what cannot be measured.
func (p *plan) check() error {
	switch {
	case runtime.NumCPU() < 2:
		return errors.New("the comparison needs two processors: one for the proxy, one for everything else")
	case p.rounds < 1:
		return fmt.Errorf("-rounds %d: there must be one at least", p.rounds)
	case p.length < time.Second || p.length%time.Second != 0:
		return fmt.Errorf("-length %s: wrk measures for whole seconds, one at least", p.length)
	case p.page != "" && (p.compare != "" || p.only != "" || p.instances):
		return errors.New("-o writes the page of a whole run: neither -compare, -only nor -instances goes with it")
	case p.onlyCompare && p.compare == "":
		return errors.New("-only-compare needs the other build: -compare BINARY")
	}
	return nil
}

// lineUp is who takes part.
func (p *plan) lineUp() []entrant {
	list := []entrant{{this, causeway(p.binary, "")}}
	if p.compare != "" {
		list = append(list, entrant{other, causeway(p.compare, "")})
	}
	if p.engines {
		list = append(list, entrant{goroutines, causeway(p.binary, onGoroutines)})
	}
	if !p.onlyCompare {
		list = append(list, entrant{"nginx", nginx}, entrant{"HAProxy", haproxy})
		if p.floor {
			list = append(list, entrant{forwarder, startForwarder})
		}
	}
	return list
}

func (p *plan) measure(w io.Writer, dir string, proxies []*server) error {
	twice := func(load workload) (result, error) {
		p.turn.take()
		return measure(load, builds(proxies), p.rounds, p.length)
	}
	var results []result
	for _, load := range workloads(dir) {
		if !strings.Contains(load.name, p.only) {
			continue
		}
		p.turn.take()
		r, err := measure(load, carriers(load, proxies), p.rounds, p.length)
		if err != nil {
			return err
		}
		results = append(results, r)
		r.progress(os.Stderr)
	}
	p.reportSetting(w)
	if p.onlyCompare {
		return p.judge(w, results, twice)
	}
	if results != nil {
		reportCPU(w, results)
		if p.floor {
			reportFloor(w, results)
		}
		reportRates(w, results, proxies)
	}
	if err := p.reportSteady(w, results, without(forwarder, proxies)); err != nil {
		return err
	}
	if err := p.reportOverride(w, proxies[0]); err != nil {
		return err
	}
	if p.engines && results != nil {
		reportEngines(w, results)
	}
	if p.scale {
		if err := p.reportScale(w, dir); err != nil {
			return err
		}
	}
	if idle := min(p.idle, idleRoom()); idle > 0 {
		if err := p.reportIdle(w, dir, idle); err != nil {
			return err
		}
	}
	if p.probes > 0 {
		if err := p.reportProbes(w, dir, p.probes); err != nil {
			return err
		}
	}
	if p.silence > 0 {
		p.turn.take()
		if err := reportSilence(w, dir, p.binary, p.silence); err != nil {
			return err
		}
	}
	if p.compare != "" {
		return p.judge(w, results, twice)
	}
	return nil
}

// pinned is a command on one processor.
func pinned(cpu string, name string, args ...string) *exec.Cmd {
	cmd := exec.Command("taskset", append([]string{"-c", cpu, name}, args...)...)
	cmd.Stderr = os.Stderr
	return cmd
}

// makeFolder makes one that nginx's worker may read, with a certificate in it.
func makeFolder(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return selfsigned.Write(dir)
}

// edit changes a file.
func edit(path string, change func(string) string) error {
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(change(string(b))), 0o644)
	}
	return err
}

func writeFile(dir, name string, data []byte) (string, error) {
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, data, 0o644)
}
