package main

import (
	"fmt"
	"strconv"
	"time"
)

// workload is one kind of traffic.
type workload struct {
	name        string
	connections int
	tls         bool
	path        string
	script      string // of wrk
	goal        float64
}

// workloads are those of the goals in docs/performance.md.
func workloads(dir string) []workload {
	post, _ := writeFile(dir, "post.lua", []byte(`wrk.method = "POST"; wrk.body = string.rep("x", 16384)`))
	closing, _ := writeFile(dir, "close.lua", []byte(`wrk.headers["Connection"] = "close"`))
	return []workload{
		{name: "GET 1 KiB, 64 connections", connections: 64, path: "/1k", goal: 0.85},
		{name: "GET 1 KiB, 1024 connections", connections: 1024, path: "/1k", goal: 0.80},
		{name: "GET 64 KiB", connections: 64, path: "/64k", goal: 0.95},
		{name: "GET 1 MiB", connections: 64, path: "/1m", goal: 1.00},
		{name: "GET 1 KiB, TLS 1.3", connections: 64, tls: true, path: "/1k", goal: 0.75},
		{name: "GET 1 KiB, a connection each", connections: 64, path: "/1k", script: closing, goal: 1.00},
		{name: "POST 16 KiB", connections: 64, path: "/post", script: post, goal: 0.90},
	}
}

// sample is one measurement.
type sample struct {
	perRequest cpu     // of the proxy
	rate       float64 // requests a second
	p50, p99   time.Duration
	errors     int
	busy       float64 // share of CPU 0 that the proxy had
}

// result is a workload's samples, by proxy, round by round.
type result struct {
	w       workload
	samples map[string][]sample
}

func measure(w workload, proxies []*server, rounds int, length time.Duration) (result, error) {
	r := result{w: w, samples: map[string][]sample{}}
	for round := range rounds {
		for i := range proxies {
			p := proxies[(i+round)%len(proxies)] // nobody always comes first
			s, err := once(w, p, length)
			if err != nil {
				return r, fmt.Errorf("%s on %s: %w", w.name, p.name, err)
			}
			r.samples[p.name] = append(r.samples[p.name], s)
		}
	}
	return r, nil
}

func once(w workload, p *server, length time.Duration) (sample, error) {
	port, scheme := p.port, "http"
	if w.tls {
		port, scheme = port+10, "https"
	}
	args := []string{"-t1", "-c" + strconv.Itoa(w.connections), fmt.Sprintf("-d%.0fs", length.Seconds()), "--latency", "--timeout", "10s"}
	if w.script != "" {
		args = append(args, "-s", w.script)
	}
	cmd := pinned("1", "wrk", append(args, fmt.Sprintf("%s://127.0.0.1:%d%s", scheme, port, w.path))...)
	before, begin := spentBy(p.cmd.Process.Pid), time.Now()
	out, err := cmd.Output()
	used, took := spentBy(p.cmd.Process.Pid).since(before), time.Since(begin)
	if err != nil {
		return sample{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	s, requests, err := parse(string(out))
	if err != nil {
		return s, err
	}
	if s.errors > requests/1000 {
		return s, fmt.Errorf("%d of %d requests failed: this is no measurement\n%s", s.errors, requests, out)
	}
	s.perRequest = used.per(requests)
	s.busy = used.total().Seconds() / took.Seconds()
	return s, nil
}
