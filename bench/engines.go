package main

import (
	"errors"
	"io"
	"os/exec"
	"path/filepath"
)

// goroutines is Causeway on its portable engine, for which onGoroutines asks.
const (
	goroutines   = "goroutines"
	onGoroutines = "engine: goroutines\n"
)

// knowsEngines reports whether a binary has more than one engine: an older one refuses the key.
func knowsEngines(dir, binary string) (bool, error) {
	e := entrant{goroutines, causeway(binary, onGoroutines)}
	if _, err := e.in(dir, portBase); err != nil {
		return false, err
	}
	err := exec.Command(binary, "config", "validate", filepath.Join(dir, "gateway.json"), "--local",
		filepath.Join(dir, "causeway.yaml")).Run()
	var refused *exec.ExitError
	if errors.As(err, &refused) {
		return false, nil
	}
	return err == nil, err
}

// reportEngines prints what event loops cost beside goroutines.
func reportEngines(w io.Writer, results []result) {
	heading(w, "Engines", "Event loops, the engine of the tables above, beside a goroutine for each connection.")
	t := table{header: []string{
		"workload", "CPU µs/request (user + kernel): event loops", "goroutines",
		"event loops ÷ goroutines [min–max]",
	}}
	for _, r := range results {
		t.add(r.w.name, r.cpu(this), r.cpu(goroutines), r.span(goroutines))
	}
	t.print(w)
}
