package main

import (
	"errors"
	"fmt"
	"time"

	"causeway/bench/load"
)

// workload is one kind of traffic.
type workload struct {
	name        string
	connections int
	tls         bool
	path        string
	script      string  // of wrk
	handshakes  bool    // a connection each, and a full TLS handshake
	steady      bool    // to be asked at half load, too
	floor       bool    // to be carried by the forwarder, too
	goal        float64 // of CPU ÷ nginx's
}

// goalHAProxy is that of CPU ÷ HAProxy's, on every row.
const goalHAProxy = 0.85

// workloads are those that have goals.
func workloads(dir string) []workload {
	post, _ := writeFile(dir, "post.lua", []byte(`wrk.method = "POST"; wrk.body = string.rep("x", 16384)`))
	closing, _ := writeFile(dir, "close.lua", []byte(`wrk.headers["Connection"] = "close"`))
	return []workload{
		{name: "GET 1 KiB, 64 connections", connections: 64, path: "/1k", steady: true, floor: true, goal: 0.80},
		{name: "GET 1 KiB, 1024 connections", connections: 1024, path: "/1k", steady: true, floor: true, goal: 0.75},
		{name: "GET 64 KiB", connections: 64, path: "/64k", steady: true, goal: 0.85},
		{name: "GET 1 MiB", connections: 64, path: "/1m", goal: 0.55},
		{name: "GET 1 KiB, TLS 1.3", connections: 64, tls: true, path: "/1k", goal: 0.70},
		{name: "GET 1 KiB, a connection each", connections: 64, path: "/1k", script: closing, goal: 0.85},
		{name: "GET 1 KiB, a TLS handshake each", connections: 64, tls: true, path: "/1k", handshakes: true, goal: 0.90},
		{name: "POST 16 KiB", connections: 64, path: "/post", script: post, floor: true, goal: 0.75},
	}
}

// sample is one measurement.
type sample struct {
	perRequest cpu // of the proxy
	requests   int
	rate       float64 // requests a second
	p50, p99   time.Duration
	errors     int
	busy       float64 // share of a processor that the proxy had
}

// result is a workload's samples, by proxy, round by round.
type result struct {
	w       workload
	samples map[string][]sample
}

func measure(w workload, proxies []*server, n int, length time.Duration) (result, error) {
	r, err := rounds(proxies, n, func(p *server) (sample, error) { return once(w, p, length) })
	r.w = w
	if err != nil {
		err = fmt.Errorf("%s: %w", w.name, err)
	}
	return r, err
}

// rounds measures each proxy once in each of n rounds. Nobody always comes first.
func rounds(proxies []*server, n int, measure func(*server) (sample, error)) (result, error) {
	r := result{samples: map[string][]sample{}}
	for round := range n {
		for i := range proxies {
			p := proxies[(i+round)%len(proxies)]
			s, err := measure(p)
			if err == nil && (s.requests == 0 || s.errors > s.requests/1000) {
				err = fmt.Errorf("%d requests failed, %d were answered: this is no measurement", s.errors, s.requests)
			}
			if err != nil {
				return r, fmt.Errorf("%s: %w", p.name, err)
			}
			r.samples[p.name] = append(r.samples[p.name], s)
		}
	}
	return r, nil
}

func once(w workload, p *server, length time.Duration) (sample, error) {
	before, begin := spentBy(p.cmd.Process.Pid), time.Now()
	s, err := w.play(p.port, length)
	used, took := spentBy(p.cmd.Process.Pid).since(before), time.Since(begin)
	if err != nil {
		return s, err
	}
	if used.total() == 0 {
		return s, errors.New("it spent nothing: another program answers at its port")
	}
	s.perRequest = used.per(s.requests)
	s.busy = used.total().Seconds() / took.Seconds()
	return s, nil
}

// play is the traffic itself, from CPU 1.
func (w *workload) play(port int, length time.Duration) (sample, error) {
	if w.tls {
		port += tlsOffset
	}
	if w.handshakes {
		return generate(load.Spec{Port: port, Path: w.path, Connections: w.connections, Length: length})
	}
	return wrk(w, port, length)
}
