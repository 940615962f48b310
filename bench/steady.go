package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"causeway/bench/load"
)

// reportSteady prints what latency is at a rate that all carry with ease: half of what the slowest of them carries.
// Requests come at fixed times, and an answer's time counts from when its request was due.
func (p *plan) reportSteady(w io.Writer, results []result, proxies []*server) error {
	t := table{header: []string{
		"workload", "requests/s", "p50, p99: " + this, "nginx", "HAProxy", "p99 ÷ HAProxy's [min–max]",
		"goal", "met",
	}}
	for _, r := range results {
		if !r.w.steady {
			continue
		}
		p.turn.take()
		rate := r.slowest() / 2
		half, err := rounds(proxies, p.rounds, func(s *server) (sample, error) {
			return generate(load.Spec{Port: s.port, Path: r.w.path, Connections: r.w.connections, Length: p.length, Rate: rate})
		})
		if err != nil {
			return fmt.Errorf("%s at half load: %w", r.w.name, err)
		}
		q := half.quotients(this, "HAProxy", func(s sample) time.Duration { return s.p99 })
		t.add(r.w.name, fmt.Sprintf("%.0f", rate), half.latency(this), half.latency("nginx"), half.latency("HAProxy"), span(q), "1.00",
			met(median(q) <= 1))
		fmt.Fprintf(os.Stderr, "%-32s at %.0f/s: p99 ÷ HAProxy %.2f\n", r.w.name, rate, median(q))
	}
	if t.rows == nil {
		return nil
	}
	heading(w, "Latency at half load",
		"Requests come at fixed times, at half the rate of the slowest proxy, on connections that are kept. Time counts from when a request\nwas due, so that one that is slow delays those behind it.")
	t.print(w)
	return nil
}

// slowest is the lowest rate of any proxy.
func (r *result) slowest() float64 {
	var list []float64
	for name := range r.samples {
		list = append(list, middle(r, name, func(s sample) float64 { return s.rate }))
	}
	return slices.Min(list)
}

func (r *result) latency(proxy string) string {
	return fmt.Sprintf("%s, %s", brief(middle(r, proxy, func(s sample) time.Duration { return s.p50 })),
		brief(middle(r, proxy, func(s sample) time.Duration { return s.p99 })))
}

// brief is a time with three digits or so.
func brief(d time.Duration) string {
	if d < time.Millisecond {
		return fmt.Sprintf("%d µs", d.Microseconds())
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
