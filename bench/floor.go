package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"causeway/bench/forward"
)

// forwarder is the proxy that only passes bytes on, on Causeway's engine: this program itself, once more.
const forwarder = "forwarder"

func startForwarder(_ string, port int) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return &server{cmd: pinned("0", self, "-forward", fmt.Sprintf("%d:%d", port, backendPort))}, nil
}

// forwardPorts is that other run: from a port to another.
func forwardPorts(ports string) error {
	var port, backend int
	if _, err := fmt.Sscanf(ports, "%d:%d", &port, &backend); err != nil {
		return fmt.Errorf("-forward %s: it is PORT:PORT", ports)
	}
	return forward.Serve(port, backend)
}

// carriers are the proxies that can carry a workload. The forwarder knows no TLS, nor where a request ends, and holds no more
// than a small one.
func carriers(w workload, proxies []*server) []*server {
	if w.floor {
		return proxies
	}
	return without(forwarder, proxies)
}

func without(name string, proxies []*server) []*server {
	return slices.DeleteFunc(slices.Clone(proxies), func(s *server) bool { return s.name == name })
}

// reportFloor prints what is left to a proxy for its own work: the ratio to nginx of one that does none.
func reportFloor(w io.Writer, results []result) {
	heading(w, "The floor",
		"A forwarder on the same engine, which neither reads nor logs what it passes on, in the same rounds. A proxy that makes the same system calls cannot cost less here.")
	t := table{header: []string{
		"workload", "CPU µs/request (user + kernel): forwarder", "nginx", "forwarder ÷ nginx [min–max]",
		"causeway's own work",
	}}
	for _, r := range results {
		if r.samples[forwarder] != nil {
			own := middle(&r, this, func(s sample) float64 { return micro(s.perRequest.total()) }) - middle(&r, forwarder,
				func(s sample) float64 { return micro(s.perRequest.total()) })
			t.add(r.w.name, r.cpu(forwarder), r.cpu("nginx"), span(r.ratios(forwarder, "nginx")), fmt.Sprintf("%.1f µs", own))
		}
	}
	t.print(w)
}
