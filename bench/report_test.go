package main

import (
	"errors"
	"io"
	"testing"
	"time"
)

// costs makes a result of what a request cost each proxy in each round, in microseconds.
func costs(of map[string][]int) result {
	r := result{samples: map[string][]sample{}}
	for name, list := range of {
		for _, us := range list {
			r.samples[name] = append(r.samples[name], sample{
				perRequest: cpu{user: time.Duration(us) * time.Microsecond},
				requests:   1,
				rate:       float64(1000 / us),
			})
		}
	}
	return r
}

func TestRatios(t *testing.T) {
	// The machine slows down in the third round: the ratios do not.
	r := costs(map[string][]int{this: {10, 12, 40}, "nginx": {20, 20, 80}})
	if got, want := r.span("nginx"), "**0.50** [0.50–0.60]"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if got, want := r.cpu(this), "12.0 (12.0 + 0.0)"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if got, want := r.slowest(), 50.0; got != want {
		t.Errorf("the slowest has %v; want %v", got, want)
	}
}

func TestJudgeBuilds(t *testing.T) {
	p := &plan{binary: "a", compare: "b"}
	for _, c := range []struct {
		first, second int // beside 100; 0: there is no second pass
		good          bool
	}{{90, 0, true}, {110, 0, true}, {111, 110, true}, {111, 111, false}, {200, 90, true}} {
		passes := 1
		again := func(workload) (result, error) {
			passes++
			return costs(map[string][]int{this: {c.second}, other: {100}}), nil
		}
		err := p.judge(io.Discard, []result{costs(map[string][]int{this: {c.first}, other: {100}})}, again)
		if (err == nil) != c.good || (passes == 2) != (c.second > 0) {
			t.Errorf("%d, then %d beside 100: %v after %d passes", c.first, c.second, err, passes)
		}
	}
}

func TestRounds(t *testing.T) {
	a, b := &server{name: "a"}, &server{name: "b"}
	var order string
	r, err := rounds([]*server{a, b}, 2, func(s *server) (sample, error) {
		order += s.name
		return sample{requests: 1000, errors: 1}, nil
	})
	if err != nil || order != "abba" || len(r.samples["a"]) != 2 {
		t.Errorf("%v, order %s, %v", err, order, r.samples)
	}
	for _, bad := range []sample{{requests: 1000, errors: 2}, {errors: 1}, {}} {
		if _, err := rounds([]*server{a}, 1, func(*server) (sample, error) { return bad, nil }); err == nil {
			t.Errorf("%+v passed for a measurement", bad)
		}
	}
	failed := errors.New("no such program")
	if _, err := rounds([]*server{a}, 1, func(*server) (sample, error) { return sample{}, failed }); !errors.Is(err, failed) {
		t.Errorf("%v; want %v", err, failed)
	}
}
