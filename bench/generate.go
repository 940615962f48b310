package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"

	"causeway/bench/load"
)

// generate plays what wrk cannot: this program itself, once more, on CPU 1.
func generate(spec load.Spec) (sample, error) {
	self, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return sample{}, err
	}
	cmd := pinned("1", self, "-load", string(text))
	out, err := cmd.Output()
	if err != nil {
		return sample{}, fmt.Errorf("play %s: %w", text, err)
	}
	var r load.Result
	if err := json.Unmarshal(out, &r); err != nil {
		return sample{}, err
	}
	return sample{requests: r.Requests, errors: r.Errors, rate: r.Rate, p50: r.P50, p99: r.P99}, nil
}

// playLoad is that other run.
func playLoad(text string) error {
	runtime.GOMAXPROCS(1)
	var spec load.Spec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return err
	}
	r, err := load.Play(spec)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}
