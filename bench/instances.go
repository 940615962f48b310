package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"causeway/bench/family"
)

// Sizes of this measurement, as parts of a processor: two instances of the larger one leave room on CPU 0, so that a
// budget, and not the machine, decides what they carry.
const (
	benchSmall  = 0.1
	benchMedium = 0.2
)

// goalHeld is how much of its budget an instance may use at most: it is refilled ten times a second.
const goalHeld = 1.10

// sized is a gateway with so many instances of a size.
type sized struct {
	name      string
	instances int
	cpu       float64 // of each
	*server
}

// reportInstances prints how the throughput follows the number of instances and their size, and whether they keep to their budgets.
func (p *plan) reportInstances(w io.Writer, dir string) error {
	var gateways []sized
	var servers []*server
	for i, f := range []sized{
		{name: "Small", instances: 1, cpu: benchSmall},
		{name: "Small", instances: 2, cpu: benchSmall},
		{name: "Medium", instances: 1, cpu: benchMedium},
		{name: "Medium", instances: 2, cpu: benchMedium},
	} {
		if err := f.start(p.binary, filepath.Join(dir, fmt.Sprintf("instances-%d", i)), portBase+100+i); err != nil {
			return err
		}
		defer f.stop()
		gateways, servers = append(gateways, f), append(servers, f.server)
	}
	load := workload{name: "GET 1 KiB, 64 connections", connections: 64, path: "/1k"}
	p.turn.take()
	r, err := rounds(servers, p.rounds, func(s *server) (sample, error) { return ofInstances(load, s, p.length) })
	if err != nil {
		return err
	}
	heading(w, "Instances and sizes", fmt.Sprintf("%s. Small is %g of a processor here and Medium %g, so that two of either leave room on CPU 0, and the generator on CPU 1 keeps up.",
		load.name, benchSmall, benchMedium))
	t := table{header: []string{
		"instances", "size", "budget in all", "requests/s", "÷ one Small [min–max]", "CPU used ÷ budget", "at most", "met",
	}}
	for _, f := range gateways {
		budget := float64(f.instances) * f.cpu
		used := middle(&r, f.server.name, func(s sample) float64 { return s.busy }) / budget
		t.add(fmt.Sprint(f.instances), f.name, fmt.Sprintf("%.1f CPU", budget),
			fmt.Sprintf("%.0f", middle(&r, f.server.name, func(s sample) float64 { return s.rate })),
			span(r.rates(f.server.name, servers[0].name)), fmt.Sprintf("%.2f", used), fmt.Sprintf("%.2f", goalHeld), met(used <= goalHeld))
	}
	t.print(w)
	return nil
}

// rates are the ratios of two servers' rates, round by round.
func (r *result) rates(a, b string) []float64 {
	var out []float64
	for i := range r.samples[a] {
		out = append(out, r.samples[a][i].rate/r.samples[b][i].rate)
	}
	return out
}

// start runs the gateway: of the first generation, which has sizes.
func (f *sized) start(binary, dir string, port int) error {
	sizes := fmt.Sprintf("sizes: {small: {cpu: %g}, medium: {cpu: %g}}\n", benchSmall, benchMedium)
	e := entrant{fmt.Sprintf("%d × %s", f.instances, f.name), causeway(binary, sizes)}
	s, err := e.in(dir, port)
	if err != nil {
		return err
	}
	err = edit(filepath.Join(dir, "gateway.json"), func(document string) string {
		sku := fmt.Sprintf(`"sku":{"name":"Standard_%s","tier":"Standard","capacity":%d}`, f.name, f.instances)
		return strings.Replace(document, `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`, sku, 1)
	})
	if err != nil {
		return err
	}
	f.server = s
	return s.start()
}

// ofInstances measures what the instances carry and spend, without their supervisor.
func ofInstances(w workload, s *server, length time.Duration) (sample, error) {
	before, begin := spentByInstances(s), time.Now()
	out, err := w.play(s.port, length)
	if err != nil {
		return out, err
	}
	used, took := spentByInstances(s)-before, time.Since(begin)
	if used <= 0 {
		return out, errors.New("its instances spent nothing: another program answers at its port")
	}
	out.busy = used.Seconds() / took.Seconds()
	fmt.Fprintf(os.Stderr, "%-12s %6.0f requests/s, %.2f CPU\n", s.name, out.rate, out.busy)
	return out, nil
}

func spentByInstances(s *server) (sum time.Duration) {
	for _, pid := range family.Of(s.cmd.Process.Pid)[1:] {
		sum += scheduled(pid)
	}
	return sum
}
