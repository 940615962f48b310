package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"causeway/bench/family"
	"causeway/internal/stats"
)

// use watches what the supervisor uses, and each instance.
type use struct {
	stop chan struct{}
	done sync.WaitGroup

	samples []sample
}

// sample is one look: of the supervisor, and of an instance on average.
type sample struct {
	memory, files   float64 // of the supervisor: MiB, descriptors
	memory1, files1 float64 // of an instance
}

const lookEvery = 500 * time.Millisecond

func watch(g *gateway) *use {
	u := &use{stop: make(chan struct{})}
	u.done.Go(func() {
		for {
			select {
			case <-u.stop:
				return
			case <-time.After(lookEvery):
			}
			if s, ok := look(g); ok {
				u.samples = append(u.samples, s)
			}
		}
	})
	return u
}

// zombieTime is how long a process may be dead before whoever started it waits for it.
const zombieTime = 5 * time.Second

// zombies are the dead processes of a gateway that are still there after zombieTime.
func zombies(supervisor int) (dead []int) {
	for _, pid := range family.Of(supervisor) {
		for end := time.Now().Add(zombieTime); isZombie(pid); time.Sleep(lookEvery) {
			if time.Now().After(end) {
				dead = append(dead, pid)
				break
			}
		}
	}
	return dead
}

func isZombie(pid int) bool {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return strings.Contains(string(b), "State:\tZ")
}

func (u *use) end() *use {
	close(u.stop)
	u.done.Wait()
	return u
}

func look(g *gateway) (s sample, ok bool) {
	status, err := g.client.Status()
	if err != nil || len(status.Instances) == 0 {
		return s, false
	}
	s.memory, s.files = of(status.PID)
	for _, i := range status.Instances {
		memory, files := of(i.PID)
		s.memory1 += memory / float64(len(status.Instances))
		s.files1 += files / float64(len(status.Instances))
	}
	return s, s.memory > 0 && s.memory1 > 0
}

// of is what a process uses: MiB of memory that is its own, and descriptors.
func of(pid int) (memory, files float64) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(b)) {
		if rest, found := strings.CutPrefix(line, "RssAnon:"); found {
			kib, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			memory = kib / 1024
		}
	}
	list, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return memory, float64(len(list))
}

// Growth from the second quarter of the time to the last that still counts as flat.
const (
	growth      = 1.5
	moreMemory  = 20.0 // MiB, at most, that need no explanation
	moreFiles   = 30.0
	leastWanted = 8 // samples
)

// judge prints how much memory and how many descriptors there were, and fails if they grew.
func (u *use) judge(w io.Writer) error {
	n := len(u.samples)
	if n < leastWanted {
		return fmt.Errorf("only %d looks at memory and descriptors", n)
	}
	early, later := u.samples[n/4:n/2], u.samples[3*n/4:]
	var failed error
	for _, m := range []struct {
		what string
		of   func(sample) float64
		more float64
	}{
		{"MiB of the supervisor", func(s sample) float64 { return s.memory }, moreMemory},
		{"MiB of an instance", func(s sample) float64 { return s.memory1 }, moreMemory},
		{"descriptors of the supervisor", func(s sample) float64 { return s.files }, moreFiles},
		{"descriptors of an instance", func(s sample) float64 { return s.files1 }, moreFiles},
	} {
		before, after := median(early, m.of), median(later, m.of)
		fmt.Fprintf(w, "%s: %.0f, later %.0f\n", m.what, before, after)
		if after > growth*before && after > before+m.more {
			failed = errors.Join(failed, fmt.Errorf("%s grew from %.0f to %.0f", m.what, before, after))
		}
	}
	return failed
}

func median(all []sample, of func(sample) float64) float64 {
	values := make([]float64, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return stats.Quantile(values, 0.5)
}
