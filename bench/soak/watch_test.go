package main

import (
	"io"
	"testing"
	"time"
)

// quiet is a run of twelve windows in which nothing happens; change changes each of them.
func quiet(change func(i int, l *line)) []line {
	var out []line
	for i := range 12 {
		l := line{memory: 40, descriptors: 100, p99: 5 * time.Millisecond}
		change(i, &l)
		out = append(out, l)
	}
	return out
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		flat   bool
		change func(i int, l *line)
	}{
		{"quiet", true, func(int, *line) {}},
		{"warms up", true, func(i int, l *line) { l.memory = min(40, float64(20+20*i)) }},
		{"one bad minute", true, func(i int, l *line) {
			if i == 11 {
				l.memory, l.descriptors, l.p99 = 400, 1000, time.Second
			}
		}},
		{"memory grows", false, func(i int, l *line) { l.memory += 2 * float64(i) }},
		{"descriptors grow", false, func(i int, l *line) { l.descriptors += 5 * float64(i) }},
		{"latency grows", false, func(i int, l *line) { l.p99 += time.Duration(i) * time.Millisecond }},
		{"an error", false, func(i int, l *line) {
			if i == 3 {
				l.unasked = map[string]int{"GET: status 502": 1}
			}
		}},
	} {
		if err := judge(io.Discard, quiet(c.change)); (err == nil) != c.flat {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if judge(io.Discard, nil) == nil {
		t.Error("a run that was not watched passed")
	}
}

func TestParseMetrics(t *testing.T) {
	m := parseMetrics(`# HELP causeway_reloads_total configurations
# TYPE causeway_reloads_total counter
causeway_reloads_total{result="applied"} 7
causeway_reloads_total{result="refused"} 2
causeway_requests_total{listener="a b",status="200"} 1.5e+06
go_goroutines 12
`)
	for name, want := range map[string]float64{
		"causeway_reloads_total": 9, "refused": 2, "causeway_requests_total": 1.5e6,
		"go_goroutines": 12,
	} {
		if m[name] != want {
			t.Errorf("%s is %v; want %v", name, m[name], want)
		}
	}
}
