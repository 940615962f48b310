package budget

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/gateway"
)

func TestFits(t *testing.T) {
	medium, large := gateway.DefaultSizes().Medium, gateway.DefaultSizes().Large
	for _, x := range []struct {
		name      string
		machine   Machine
		instances int
		size      Size
		want      string // empty: it fits
	}{
		{"exactly", Machine{CPU: 2, Memory: 8 << 30}, 2, medium, ""},
		{
			"too few processors",
			Machine{CPU: 2, Memory: 8 << 30},
			6, large,
			"6 instances of 2 CPUs and 2 GiB may use 12 CPUs and 12 GiB together, and this machine has 2 CPUs and 8 GiB: room for 1",
		},
		{
			"too little memory",
			Machine{CPU: 16, Memory: 3 << 30, Group: true},
			4, medium,
			"4 instances of 1 CPU and 1 GiB may use 4 CPUs and 4 GiB together, and the group that holds Causeway has 16 CPUs and 3 GiB: room for 3",
		},
		{"halves add up", Machine{CPU: 1.5, Memory: 8 << 30}, 3, Size{CPU: 0.5, Memory: 512 << 20}, ""},
		{"tenths add up", Machine{CPU: 0.3, Memory: 8 << 30}, 3, Size{CPU: 0.1, Memory: 64 << 20}, ""},
		{"an unknown machine", Machine{}, 100, large, ""},
		{
			"unknown memory",
			Machine{CPU: 1},
			2, medium,
			"2 instances of 1 CPU and 1 GiB may use 2 CPUs and 2 GiB together, and this machine has 1 CPU: room for 1",
		},
	} {
		t.Run(x.name, func(t *testing.T) {
			got, ok := x.machine.Fits(x.instances, x.size)
			if got != x.want || ok != (x.want == "") {
				t.Errorf("%q %v, want %q", got, ok, x.want)
			}
		})
	}
}

func TestEnv(t *testing.T) {
	got := Env(Size{CPU: 0.5, Memory: 512 << 20})
	if want := []string{"GOMAXPROCS=1", "GOMEMLIMIT=483183820"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Env(Size{CPU: 10_000}); len(got) != 1 || got[0] != "GOMAXPROCS="+strings.TrimSpace(gateway.CPUText(float64(runtime.NumCPU()))[:1]) {
		t.Errorf("%v on %d processors", got, runtime.NumCPU())
	}
}

func TestStateText(t *testing.T) {
	for _, x := range []struct {
		state State
		want  string
	}{
		{State{CPUHeld: true, MemoryHeld: true, How: "cgroup v2 below /a"}, "held by cgroup v2 below /a"},
		{State{CPUHeld: true, How: "cgroup v1 below /a", Why: "no memory"}, "CPU held by cgroup v1 below /a; memory not held: no memory"},
		{State{MemoryHeld: true, How: "cgroup v1 below /a", Why: "no cpu"}, "memory held by cgroup v1 below /a; CPU not held: no cpu"},
		{State{How: soft, Why: "no groups"}, "not held, only GOMAXPROCS and GOMEMLIMIT: no groups"},
	} {
		t.Run(x.want, func(t *testing.T) {
			if got := x.state.Text(); got != x.want {
				t.Error(got)
			}
		})
	}
}

func TestUsageSince(t *testing.T) {
	before := Usage{CPU: time.Second, Periods: 10, Throttled: 5}
	after := Usage{CPU: 2 * time.Second, Periods: 30, Throttled: 15}
	if cpu, throttled := after.Since(before, 4*time.Second, Size{CPU: 0.5}); cpu != 0.5 || throttled != 0.5 {
		t.Errorf("CPU %v, throttled %v", cpu, throttled)
	}
	if cpu, throttled := before.Since(after, 0, Size{}); cpu != 0 || throttled != 0 {
		t.Errorf("of no time: CPU %v, throttled %v", cpu, throttled)
	}
}
