package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/bench/family"
)

// line is what a window of time was like.
type line struct {
	exchanges   int
	unasked     map[string]int
	memory      float64 // resident MiB, the mean of the window
	descriptors float64 // open ones, the mean of the window
	threads     float64 // goroutines, if the gateway tells, else threads
	p50, p99    time.Duration
}

// watch prints a line for each window, reloads meanwhile, and lets the gateway alone once the time is over.
func (p *plan) watch(g *gateway, c *clients) ([]line, error) {
	fmt.Printf("%8s %9s %7s %8s %12s %11s %9s %9s  errors that were not asked for\n", "time", "exchanges", "per s", "RSS MiB",
		"descriptors", g.counted(), "p50", "p99")
	var lines []line
	second, reload := time.NewTicker(time.Second), time.NewTicker(p.reload)
	defer second.Stop()
	defer reload.Stop()
	begin := time.Now()
	var now line
	samples := 0
	for next := p.window; next <= p.length; {
		select {
		case <-reload.C:
			if err := g.reload(); err != nil {
				return lines, err
			}
			continue
		case <-second.C:
		}
		if err := g.sample(&now); err != nil {
			return lines, fmt.Errorf("the gateway is gone: %w", err)
		}
		samples++
		if time.Since(begin) < next {
			continue
		}
		now.close(c, samples)
		fmt.Printf("%8s %9d %7.0f %8.1f %12.0f %11.0f %9s %9s  %s\n", time.Since(begin).Round(time.Second), now.exchanges,
			float64(now.exchanges)/p.window.Seconds(), now.memory, now.descriptors, now.threads,
			now.p50.Round(time.Microsecond), now.p99.Round(time.Microsecond), now.said())
		lines = append(lines, now)
		now, samples = line{}, 0
		next += p.window
	}
	return lines, nil
}

// counted names what the column of goroutines holds.
func (g *gateway) counted() string {
	if m, err := g.metrics(); err == nil && m["go_goroutines"] > 0 {
		return "goroutines"
	}
	return "threads"
}

// sample adds one look at the gateway: its supervisor and its instances together.
func (g *gateway) sample(l *line) error {
	threads := 0.0
	for i, pid := range family.Of(g.cmd.Process.Pid) {
		one, err := lookAt(pid)
		if err != nil && i > 0 {
			continue // an instance that has just ended: another one takes its place
		}
		if err != nil {
			return err
		}
		l.descriptors, l.memory, threads = l.descriptors+one.descriptors, l.memory+one.memory, threads+one.threads
	}
	if m, err := g.metrics(); err == nil && m["go_goroutines"] > 0 {
		threads = m["go_goroutines"]
	}
	l.threads += threads
	return nil
}

// lookAt reads what one process has.
func lookAt(pid int) (l line, err error) {
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return l, err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return l, err
	}
	if l.memory = field(string(status), "VmRSS:") / 1024; l.memory == 0 { // nobody has waited for it yet
		return l, errors.New("it has ended")
	}
	l.descriptors, l.threads = float64(len(files)), field(string(status), "Threads:")
	return l, nil
}

// field is a number of /proc's status.
func field(status, name string) float64 {
	for text := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(text, name); ok {
			n, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return n
		}
	}
	return 0
}

// close makes means of the sums, and adds what the clients met.
func (l *line) close(c *clients, samples int) {
	n := float64(samples)
	l.memory, l.descriptors, l.threads = l.memory/n, l.descriptors/n, l.threads/n
	l.exchanges, l.unasked, l.p50, l.p99 = c.take()
}

// said lists the errors.
func (l *line) said() string {
	if len(l.unasked) == 0 {
		return "none"
	}
	var list []string
	for _, text := range slices.Sorted(maps.Keys(l.unasked)) {
		list = append(list, fmt.Sprintf("%d × %s", l.unasked[text], text))
	}
	return strings.Join(list, "; ")
}

// bound is how much of something the last quarter of the time may have beside the second.
type bound struct {
	name   string
	factor float64
	more   float64
	of     func(line) float64
}

var bounds = []bound{
	{"resident MiB", 1.10, 4, func(l line) float64 { return l.memory }},
	{"descriptors", 1.10, 16, func(l line) float64 { return l.descriptors }},
	{"p99 in ms", 1.25, 1, func(l line) float64 { return l.p99.Seconds() * 1000 }},
}

// judge compares the last quarter of the lines with the second one; the first is left to warm up. Medians count.
func judge(w io.Writer, lines []line) error {
	quarter := len(lines) / 4
	if quarter == 0 {
		return errors.New("it ended too early to be judged")
	}
	failed := 0
	for _, l := range lines {
		for _, n := range l.unasked {
			failed += n
		}
	}
	var problems []error
	for _, b := range bounds {
		before, after := middle(lines[quarter:2*quarter], b.of), middle(lines[len(lines)-quarter:], b.of)
		most := before*b.factor + b.more
		verdict := "flat"
		if after > most {
			verdict = "NOT FLAT"
			problems = append(problems, fmt.Errorf("%s grew from %.1f to %.1f", b.name, before, after))
		}
		fmt.Fprintf(w, "%s: %.1f in the second quarter, %.1f in the last; at most %.2f × + %.0f = %.1f: %s\n", b.name, before, after,
			b.factor, b.more, most, verdict)
	}
	fmt.Fprintf(w, "errors that were not asked for: %d; at most 0\n", failed)
	if failed > 0 {
		problems = append(problems, fmt.Errorf("%d errors that were not asked for", failed))
	}
	return errors.Join(problems...)
}

func middle(lines []line, of func(line) float64) float64 {
	var list []float64
	for _, l := range lines {
		list = append(list, of(l))
	}
	slices.Sort(list)
	return list[len(list)/2]
}
