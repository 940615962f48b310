package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// goalScale is how many times as much two processors should carry as one.
const goalScale = 1.8

// reportScale prints how much more two processors could carry than one. They cannot be filled here, since the load
// generator and the backend need one of the two; so the capacity is computed from the CPU that a request costs on one
// processor and on both, under the same load.
func (p *plan) reportScale(w io.Writer, dir string) error {
	var pair []*server
	for i, cpus := range []string{"0", "0,1"} {
		// One instance with a budget of as many processors: an event loop each.
		e := entrant{"on CPU " + cpus, causeway(p.binary, fmt.Sprintf("sizes: {v2: {cpu: %d}}\n", i+1))}
		s, err := e.in(filepath.Join(dir, fmt.Sprintf("scale-%d", i)), portBase+80+i)
		if err != nil {
			return err
		}
		s.on(cpus)
		defer s.stop()
		if err := s.start(); err != nil {
			return err
		}
		pair = append(pair, s)
	}
	heading(w, "Two processors",
		"By calculation: 2 × CPU per request on one ÷ CPU per request on two, under the same load. The generator and the backend need one\nof the two, so that they cannot be filled here; it is an upper bound, since nothing is known of what waits where both are full.")
	one, two := pair[0].name, pair[1].name
	t := table{header: []string{
		"workload", "CPU µs/request (user + kernel): one processor", "two", "processors busy: one", "two",
		"scale [min–max]", "goal", "met",
	}}
	for _, load := range workloads(dir) {
		if !load.steady || !strings.Contains(load.name, p.only) {
			continue
		}
		p.turn.take()
		r, err := measure(load, pair, p.rounds, p.length)
		if err != nil {
			return err
		}
		q := r.ratios(one, two)
		for i := range q {
			q[i] *= 2
		}
		t.add(load.name, r.cpu(one), r.cpu(two), r.busy(one), r.busy(two), span(q), fmt.Sprintf("%.1f", goalScale),
			met(median(q) >= goalScale))
		fmt.Fprintf(os.Stderr, "%-32s  scale %.2f\n", load.name, median(q))
	}
	t.print(w)
	return nil
}

// on lets a server run on these processors, by the arguments of taskset.
func (s *server) on(cpus string) { s.cmd.Args[2] = cpus }
