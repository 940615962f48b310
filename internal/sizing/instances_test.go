package sizing_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/activity"
	"causeway/internal/budget"
	"causeway/internal/diagnose/story"
	"causeway/internal/evidence"
)

// Budgets are measured, so the judgement is about this machine and these budgets, with the commands that change them.
func TestCapacityOfInstances(t *testing.T) {
	t.Parallel()
	small := func(n int, used, throttled float64, memory int64) *evidence.Machine {
		m := &evidence.Machine{
			Cores: 2, Procs: 2, Memory: 4 << 30, Files: 20000, ConnectionsLimit: 9000,
			Budget: &budget.State{CPUHeld: true, MemoryHeld: true, How: "cgroup v1 below /sys/fs/cgroup/cpu"},
		}
		for i := range n {
			m.Instances = append(m.Instances, evidence.InstanceState{
				Number: i, State: evidence.Serving, Size: "small", CPU: 0.5, Memory: 512 << 20, Held: true,
				CPUUsed: used, Throttled: throttled, MemoryUsed: memory, Connections: 40,
			})
		}
		return m
	}
	overAPI := func(m *evidence.Machine) *evidence.Machine {
		m.API = "https://127.0.0.1:8443"
		return m
	}
	v1 := func(name string) string {
		return strings.Replace(story.Document, `"name":"Standard_v2","tier":"Standard_v2","capacity":1`,
			`"name":"`+name+`","tier":"Standard","capacity":1`, 1)
	}
	scales := strings.Replace(story.Document, `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`,
		`"sku":{"name":"Standard_v2","tier":"Standard_v2"},"autoscaleConfiguration":{"minCapacity":1,"maxCapacity":2}`, 1)
	unheld := small(1, 0.3, 0, 60<<20)
	unheld.Instances[0].Held = false
	unheld.Budget = &budget.State{How: "GOMAXPROCS and GOMEMLIMIT", Why: "darwin has no control groups"}
	waiting := small(2, 0.3, 0, 60<<20)
	waiting.Instances[1].State, waiting.Instances[1].CrashLoop = evidence.Waiting, true
	crowded, busy := small(2, 0.31, 0, 60<<20), small(2, 0.31, 0, 60<<20)
	crowded.Load, busy.Load = 9, 2.5
	uneven := small(3, 0.4, 0, 60<<20)
	uneven.Instances[1].CPUUsed = 0.98
	queue, calm := small(1, 0.97, 0.4, 60<<20), small(1, 0.31, 0, 60<<20)
	queue.Queued, calm.Queued = 231, 1
	for name, x := range map[string]struct {
		doc  string
		m    *evidence.Machine
		says []string
	}{
		"one small instance is saturated": {
			v1("Standard_Small"), overAPI(small(1, 0.97, 0.4, 60<<20)),
			[]string{
				"too small: 1 instance of size small uses 97 % of the budget of 0.5 CPU, throttled 40 % of the time; at least 2 instances needed, or size Standard_Medium (1 CPU)",
				"causeway: set sku.capacity to 2 in the document, then: causeway config apply gateway.json",
				"az: az network application-gateway update -g GROUP -n gw1 --capacity 2",
				"causeway: set sku.name to Standard_Medium in the document",
				"budgets: held by cgroup v1",
				"instance 0: serving, size small (0.5 CPU and 512 MiB): CPU 97 %, throttled 40 %, memory 60 MiB; 40 connections",
			},
		},
		"more than the machine has": {
			v1("Standard_Small"), small(4, 1, 0.6, 60<<20),
			[]string{
				"too small: 4 instances of size small use 100 % of the budget of 0.5 CPU each, throttled 60 % of the time; at least 8 instances needed, or size Standard_Medium (1 CPU); this machine has 2 CPUs, so at most 4 such instances fit",
				"a larger machine, or more of them",
			},
		},
		"a gateway that scales": {
			scales, overAPI(small(2, 0.95, 0.5, 60<<20)),
			[]string{"set autoscaleConfiguration.maxCapacity to 4", "--min-capacity 1 --max-capacity 4", "or 1 CPU for each instance", "set sizes: {v2: {cpu: 1}} in causeway.yaml"},
		},
		"tight":  {v1("Standard_Small"), small(2, 0.8, 0.05, 60<<20), []string{"tight: 2 instances of size small use 80 %", "; 3 instances advised"}},
		"enough": {v1("Standard_Small"), small(2, 0.31, 0, 60<<20), []string{"enough now: 2 instances of size small use 31 % of the budget of 0.5 CPU each"}},
		"uneven": {
			v1("Standard_Small"), uneven,
			[]string{"enough now: 3 instances of size small use 59 %", "but instance 1 uses 98 % of its own: clients stay with"},
		},
		"even":      {v1("Standard_Small"), small(3, 0.7, 0, 60<<20), []string{"enough now: 3 instances of size small use 70 % of the budget of 0.5 CPU each a moment"}},
		"queue":     {v1("Standard_Small"), queue, []string{"and 231 clients have not been accepted yet: requests of those who give up are in no record; at least 2"}},
		"calm":      {v1("Standard_Small"), calm, []string{"enough now: 1 instance of size small uses 31 % of the budget of 0.5 CPU a moment"}},
		"crowded":   {v1("Standard_Small"), crowded, []string{"cannot tell: 2 instances of size small use 31 %", "more wants to run on this machine (load 9.0"}},
		"busy":      {v1("Standard_Small"), busy, []string{"enough now: 2 instances of size small use 31 %"}},
		"memory":    {v1("Standard_Small"), small(1, 0.31, 0, 500<<20), []string{"too small: instance 0 uses 98 % of its 512 MiB of memory", "sizes: {small: {memory: 1024MiB}}"}},
		"not held":  {v1("Standard_Small"), unheld, []string{"enough now", "the budgets are not held here", "Darwin has no control groups"}},
		"one waits": {v1("Standard_Small"), waiting, []string{"enough now: 1 instance of size small uses 30 %", "instance 1: waiting", "it dies again and again"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := busyStory(t, 0)
			s.Doc = x.doc
			_, text := capacityOf(t, s, x.m)
			for _, want := range x.says {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q:\n%s", want, text)
				}
			}
			for _, word := range []string{"powershell:", "portal:", "az:"} {
				if strings.Contains(text, word) && (word != "az:" || x.m.API == "") {
					t.Errorf("it names a client that cannot be pointed at this gateway, %s\n%s", word, text)
				}
			}
		})
	}
}

// Where the gateway cannot be asked, its activity log has when it was full.
func TestCapacityByTheActivityLog(t *testing.T) {
	t.Parallel()
	s := busyStory(t, 0)
	s.Journal(activity.Event{
		At: s.At.Add(-5 * time.Second), Kind: activity.Scale, From: 1, To: 1, Full: true, Need: 4,
		Why: "capacity max: compute in use: 100 % of 2 instances; 4 are needed, and the most may be 2",
	})
	_, text := capacityOf(t, s, nil)
	for _, want := range []string{
		"too small: the gateway needed more instances than there may be, 1 time, first at 2026-11-23T09:00:25.000Z (capacity max: compute",
		"Set: 4 instances", "set sku.capacity to 4 in the document",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	_, text = capacityOf(t, busyStory(t, 0), nil)
	if !strings.Contains(text, "cannot tell how much is left") {
		t.Errorf("%s", text)
	}
}
