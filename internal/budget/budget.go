// Package budget holds an instance to the processors and memory of its size: by control groups where this machine lets it, and
// everywhere by what Go's runtime allows itself.
//
// Causeway uses cgroup v2 where its own group is delegated to it, and cgroup v1 where the controllers are mounted and writable. CPU and
// memory may differ: one held, the other not. A Holder says what is held, and why the rest is not.
package budget

import (
	"errors"
	"math"
	"runtime"
	"strconv"
	"time"

	"causeway/internal/gateway"
)

// Size is the budget of an instance.
type Size = gateway.Size

// State is what is held on this machine, in words for whoever operates it.
type State struct {
	CPUHeld    bool   `json:"cpuHeld"`
	MemoryHeld bool   `json:"memoryHeld"`
	How        string `json:"how"`           // cgroup v2 below /sys/fs/cgroup/…; GOMAXPROCS and GOMEMLIMIT where nothing is held
	Why        string `json:"why,omitempty"` // why something is not held, and what to do; empty where both are
}

// soft is how a budget is kept that nothing holds.
const soft = "GOMAXPROCS and GOMEMLIMIT"

// Text is one line: how budgets are held, and what is not.
func (s State) Text() string {
	switch {
	case s.CPUHeld && s.MemoryHeld:
		return "held by " + s.How
	case s.CPUHeld:
		return "CPU held by " + s.How + "; memory not held: " + s.Why
	case s.MemoryHeld:
		return "memory held by " + s.How + "; CPU not held: " + s.Why
	}
	return "not held, only " + s.How + ": " + s.Why
}

// Options say where groups are made.
type Options struct {
	// Name is the folder that holds the groups of one gateway. Two gateways on one machine need two names: derive it from the data
	// directory. Letters, digits, - and _ only.
	Name string
	// Root is where the file system begins, / by default. Tests have one of their own.
	Root string
}

// Usage is what the processes of a group used since it began. What the system does not count is 0.
type Usage struct {
	CPU           time.Duration // processor time
	Periods       int64         // periods, of 100 ms, in which they wanted to run
	Throttled     int64         // periods of these in which the budget was used up
	ThrottledTime time.Duration // that they waited for the next period
	Memory        int64         // bytes now, without file cache that the kernel can drop
	Peak          int64         // bytes at most, with that cache
	OOMKills      int64         // processes that the kernel killed because the memory of the group was used up
}

// Since is what was used between two measurements of a group: cpu as a share of the budget of the time that passed, above 1 where nothing
// holds it; throttled as a share of the periods in which the processes wanted to run. Without a budget or time both are 0.
func (u Usage) Since(before Usage, passed time.Duration, size Size) (cpu, throttled float64) {
	if passed > 0 && size.CPU > 0 {
		cpu = max(0, (u.CPU-before.CPU).Seconds()/passed.Seconds()/size.CPU)
	}
	if periods := u.Periods - before.Periods; periods > 0 {
		throttled = float64(u.Throttled-before.Throttled) / float64(periods)
	}
	return cpu, throttled
}

// Left is a group that an earlier supervisor made.
type Left struct {
	Name string
	PIDs []int // of the processes in it; none: it can be removed
}

// Errors of Hold and Remove.
var (
	ErrBusy = errors.New("other processes are in the group")
	ErrName = errors.New("a name of a group has letters, digits, - and _ only")
)

// goMemoryShare is the part of a memory budget that Go's heap aims at. The rest is for stacks of the kernel, buffers, and the time until
// the collector has caught up.
const goMemoryShare = 0.9

// Env is what an instance's environment needs so that Go's runtime keeps to a size. Where a group holds the budget too, this keeps the
// process from running into it: fewer threads wait for the next period, and the collector works harder before memory runs out.
func Env(size Size) []string {
	procs := min(max(1, int(math.Ceil(size.CPU))), runtime.NumCPU())
	env := []string{"GOMAXPROCS=" + strconv.Itoa(procs)}
	if size.Memory > 0 {
		env = append(env, "GOMEMLIMIT="+strconv.FormatInt(int64(goMemoryShare*float64(size.Memory)), 10))
	}
	return env
}

func checkName(name string) error {
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return ErrName
		}
	}
	if name == "" || name == supervisorLeaf {
		return ErrName
	}
	return nil
}

// supervisorLeaf is the group of the supervisor itself under cgroup v2, where a group that has children holds no processes. The systemd
// unit names it too: DelegateSubgroup.
const supervisorLeaf = "supervisor"
