package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"causeway/bench/family"
)

// cpu is processor time, in user code and in the kernel.
type cpu struct{ user, kernel time.Duration }

func (c cpu) total() time.Duration { return c.user + c.kernel }

func (c cpu) per(n int) cpu {
	d := time.Duration(max(n, 1))
	return cpu{c.user / d, c.kernel / d}
}

// spent is what a process, its threads and its children have spent. The sum is exact, as the scheduler counts it; how it
// divides into user code and kernel is known by ticks, of which a measurement of 2 s has about 200.
type spent struct {
	sum           time.Duration
	user, ticking uint64 // ticks
}

func spentBy(pid int) (s spent) {
	for _, p := range family.Of(pid) {
		s.sum += scheduled(p)
		user, kernel := ticks(p)
		s.user += user
		s.ticking += user + kernel
	}
	return s
}

// since is the time between two readings.
func (s spent) since(before spent) cpu {
	sum, all := s.sum-before.sum, s.ticking-before.ticking
	if all == 0 {
		return cpu{user: sum}
	}
	user := time.Duration(float64(sum) * float64(s.user-before.user) / float64(all))
	return cpu{user, sum - user}
}

// scheduled is the time that a process's threads had a processor.
func scheduled(pid int) (total time.Duration) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, t := range tasks {
		b, err := os.ReadFile(t)
		if err != nil {
			continue
		}
		ns, _, _ := strings.Cut(string(b), " ")
		n, _ := strconv.ParseInt(ns, 10, 64)
		total += time.Duration(n)
	}
	return total
}

// ticks are a process's, in user code and in the kernel: fields 14 and 15 of its stat, of which the name, in parentheses,
// may hold spaces.
func ticks(pid int) (user, kernel uint64) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(f) < 13 {
		return 0, 0
	}
	user, _ = strconv.ParseUint(f[11], 10, 64)
	kernel, _ = strconv.ParseUint(f[12], 10, 64)
	return user, kernel
}
