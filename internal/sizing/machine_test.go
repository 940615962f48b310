package sizing_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/budget"
	"causeway/internal/diagnose/story"
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/sizing"
)

// capacityOf is the report on capacity of a story, on a machine or on none that is known, with its text in one line.
func capacityOf(t *testing.T, s *story.Story, m *evidence.Machine) (*sizing.Report, string) {
	t.Helper()
	b := s.Bundle()
	b.Machine = m
	c, err := sizing.FromEvidence(b)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := c.Text(&text, 100); err != nil {
		t.Fatal(err)
	}
	return c, strings.Join(strings.Fields(text.String()), " ")
}

// crowdedStory is a gateway to which so many clients come in 100 ms for half a minute, of which it serves six. The others leave after 2 s.
func crowdedStory(t *testing.T, come int) *story.Story {
	s := story.New(t)
	for range 300 {
		s.After(100 * time.Millisecond)
		for i := range come {
			s.Request(4, func(r *accesslog.Record, _ *accesslog.Attempt) { r.ClientUses = 1 })
			if i < 6 {
				continue
			}
			r := &s.Records[len(s.Records)-1]
			r.Fault = fault.Fault{Side: fault.Client, Phase: fault.Handshake, Kind: fault.Closed}
			r.Status, r.ErrorInfo, r.Taken, r.Attempts = 499, fault.ClientClosed, 2*time.Second, nil
		}
	}
	return s
}

// A budget that is used up hides the load, unless the log has the clients who gave up.
func TestDemand(t *testing.T) {
	t.Parallel()
	f := func(come, instances, queued int, used float64, need int, says string) {
		t.Helper()
		m := &evidence.Machine{Cores: 8, Procs: 8, Memory: 8 << 30, Queued: queued, Budget: &budget.State{CPUHeld: true, MemoryHeld: true}}
		for i := range instances {
			m.Instances = append(m.Instances, evidence.InstanceState{
				Number: i, State: evidence.Serving, Size: "v2", CPU: 0.5, Memory: 512 << 20, Held: true, CPUUsed: used, Throttled: 0.9,
			})
		}
		c, text := capacityOf(t, crowdedStory(t, come), m)
		if c.Need != need || !strings.Contains(text, says) {
			t.Errorf("%d come: %d instances needed, want %d and %q:\n%s", come, c.Need, need, says, text)
		}
	}
	f(6, 1, 0, 1, 2, "at least 2 instances needed")
	f(10, 1, 0, 1, 3, "100 clients came a second, and 60 were served: the load is 1.7 times what these budgets carry; 3 instances needed")
	f(10, 1, 0, 0.86, 3, "; 3 instances needed") // what is measured is the mean of an interval
	f(10, 1, 500, 1, 3, "at least 3 instances needed")
	f(18, 1, 0, 1, 5, "3.0 times")
	f(10, 2, 0, 1, 5, "; 5 instances needed")
	f(7, 3, 0, 1, 5, "1.2 times")
}

func busyStory(t *testing.T, queued time.Duration) *story.Story {
	s := story.New(t)
	s.Doc = strings.Replace(story.Document, `"name":"Standard_v2","tier":"Standard_v2","capacity":1`,
		`"name":"Standard_Large","tier":"Standard","capacity":6`, 1)
	for range 30 {
		s.After(time.Second).Request(4, story.QueuedFor(queued))
	}
	return s
}

// Of a gateway that runs on Causeway capacity speaks of the machine, and not of what Azure's sizes can do.
func TestCapacityOfAMachine(t *testing.T) {
	t.Parallel()
	m := evidence.Machine{
		Cores:            2,
		Procs:            2,
		Load:             0.4,
		Memory:           4 << 30,
		Used:             60 << 20,
		Files:            20000,
		Open:             40,
		ConnectionsLimit: 9000,
		Connections:      12,
	}
	busy, full := m, m
	busy.Load, full.Connections = 7, 8900
	for name, x := range map[string]struct {
		m      *evidence.Machine
		queued time.Duration
		want   string
	}{
		"at rest":        {&m, 0, "cannot tell how much is left: how many requests a second this machine can carry is not known"},
		"not asked":      {nil, 0, "cannot tell how much is left"},
		"busy":           {&busy, 0, "tight: more wants to run on this machine (load 7.0"},
		"nearly full":    {&full, 0, "tight: 8900 client connections now, of 9000 that fit"},
		"clients waited": {&m, 2 * time.Second, "too small for its connections: 30 clients waited for room"},
	} {
		t.Run(name, func(t *testing.T) {
			c, text := capacityOf(t, busyStory(t, x.queued), x.m)
			if !strings.HasPrefix(c.Judgement, x.want) {
				t.Errorf("%s: %s", name, c.Judgement)
			}
			for _, azures := range []string{
				"az ", "bits a second of", "million bits", "for pages of", "as Azure publishes",
				"Standard_Large, 6 instances;", "Set-Az",
			} {
				if strings.Contains(text, azures) {
					t.Errorf("%s: %q is Azure's:\n%s", name, azures, text)
				}
			}
			for _, says := range []string{
				"Azure's figures for the size and instances of the document (Standard_Large, 6 instances) say nothing of this machine",
				"make bench",
			} {
				if !strings.Contains(text, says) {
					t.Errorf("%s: it does not say %q:\n%s", name, says, text)
				}
			}
			if known := x.m != nil; known != strings.Contains(text, "2, of which Go uses 2 (GOMAXPROCS)") ||
				known != strings.Contains(text, "20000 at most, 40 now") || known == strings.Contains(text, "causeway capacity --live") {
				t.Errorf("%s: %s", name, text)
			}
			for _, l := range c.Loads {
				if l.Limit > 0 && l.Measure != "connections" {
					t.Errorf("%s: %+v has a limit that nobody measured", name, l)
				}
			}
		})
	}
}

// What Azure exports is still held against Azure's figures.
func TestCapacityOfAzure(t *testing.T) {
	t.Parallel()
	s := busyStory(t, 0)
	s.Azure = true
	c, text := capacityOf(t, s, nil)
	if c.SelfHosted || !strings.Contains(text, "as Azure publishes them") || strings.Contains(text, "make bench") {
		t.Errorf("%s", text)
	}
}

// The machine says how many instances of the size that runs have room on it, also while one is enough.
func TestRoomOnTheMachine(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		cores, instances int
		memory           int64
		want             string
	}{
		"by processors": {cores: 2, instances: 1, memory: 8 << 30, want: "room: for 4 instances of size small (0.5 CPU and 512 MiB each); 1 runs"},
		"by memory":     {cores: 8, instances: 2, memory: 1 << 30, want: "room: for 2 instances of size small (0.5 CPU and 512 MiB each); 2 run"},
		"of nothing":    {cores: 8, memory: 1 << 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &evidence.Machine{Cores: x.cores, Procs: 1, Memory: x.memory, Budget: &budget.State{CPUHeld: true, MemoryHeld: true}}
			for i := range x.instances {
				m.Instances = append(m.Instances, evidence.InstanceState{
					Number: i, State: evidence.Serving, Size: "small", CPU: 0.5, Memory: 512 << 20, Held: true, CPUUsed: 0.1,
				})
			}
			s := story.New(t)
			s.Request(4)
			_, text := capacityOf(t, s, m)
			if got := strings.Contains(text, "room: "); got != (x.want != "") || !strings.Contains(text, x.want) {
				t.Errorf("%q is missing or too much:\n%s", x.want, text)
			}
		})
	}
}
