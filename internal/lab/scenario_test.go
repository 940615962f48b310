package lab

import (
	"os"
	"slices"
	"strings"
	"testing"

	"causeway/internal/cause"
	"causeway/internal/lab/scenarios"
	"causeway/internal/lab/stage"
)

// TestEveryScenario plays all there is, on real connections, and holds the diagnosis against the truth. Whatever the
// machine does, no wrong cause may be named, by the trace or by what Azure exports of it; and what is at work is found. A
// busy machine may blur what only time shows: then the scenario is played once more, by itself.
func TestEveryScenario(t *testing.T) {
	scenarios := slices.DeleteFunc(scenarios.Scenarios(), func(s stage.Scenario) bool { return s.Slow })
	results, failed := map[string]*Result{}, map[string]error{}
	PlayAll(t.Context(), scenarios, 1, atOnce, func(s stage.Scenario, r *Result, err error) {
		if results[s.Name], failed[s.Name] = r, err; err == nil {
			r.Report.Pictures, r.Azure.Report.Pictures = nil, nil // nothing looks at them, and together they are large
		}
	})
	if n := starved(results); !underRace && 4*n > len(scenarios) {
		t.Errorf("in %d of %d plays the gateway's process stood still: run this with nothing beside it", n, len(scenarios))
	}
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			r, err := results[s.Name], failed[s.Name]
			if err == nil && !r.Wrong && !r.Azure.Wrong && !r.Agreed && s.Known == "" && !underRace {
				t.Logf("once more: %s", r.Why)
				r, err = Play(t.Context(), s, 1, "")
			}
			if err != nil {
				t.Fatal(err)
			}
			check(t, s, r)
		})
	}
}

// starved counts the plays that the machine was too busy for: those are not held against the truth, and should be few.
func starved(results map[string]*Result) int {
	n := 0
	for _, r := range results {
		if r != nil && r.Starved() {
			n++
		}
	}
	return n
}

func check(t *testing.T, s stage.Scenario, r *Result) {
	switch {
	case r.Wrong:
		t.Fatalf("wrong: %s", r.Why)
	case r.Starved():
		t.Skipf("the machine was too busy for this play: %s", r.Why)
	case r.Azure.Wrong:
		t.Fatalf("wrong by what Azure exports: %s", r.Azure.Why)
	case s.Known != "" && r.Agreed:
		t.Logf("what was known not to be told is told: %s", s.Known)
	case s.Known == "" && !r.Agreed && underRace:
		t.Skipf("the race detector makes everything late; without it this is held against the truth: %s", r.Why)
	case s.Known == "" && !r.Agreed:
		t.Fatalf("disagrees: %s", r.Why)
	}
	if r.Report.Requests == 0 || !s.Made && r.Loads[0].Sent == 0 {
		t.Fatalf("%d loads were sent and %d requests are in the log", len(r.Loads), r.Report.Requests)
	}
	if healthy := len(s.Truth) == 0; healthy && len(r.Report.Findings)+len(r.Azure.Report.Findings) > 0 {
		t.Fatalf("a healthy scenario has findings: %+v, %+v", r.Report.Findings, r.Azure.Report.Findings)
	}
}

func TestScenariosAreWhatTheyShouldBe(t *testing.T) {
	seen, healthy, mixed := map[string]bool{}, 0, 0
	for _, s := range scenarios.Scenarios() {
		if seen[s.Name] || s.Story == "" || s.Lasts <= 0 {
			t.Errorf("scenario %q: names are unique, and each has a story and a duration", s.Name)
		}
		seen[s.Name] = true
		switch len(s.Truth) {
		case 0:
			healthy++
		case 1:
		default:
			mixed++
		}
		for _, x := range s.Truth {
			for _, id := range append([]string{x.Cause}, x.Also...) {
				if cause.Find(id) == nil {
					t.Errorf("scenario %q: cause %q is not in the catalogue", s.Name, id)
				}
			}
		}
	}
	if failing := len(seen) - healthy - mixed; failing < 45 || healthy < 10 || mixed < 6 {
		t.Errorf("%d scenarios with one cause, %d with more, %d healthy", failing, mixed, healthy)
	}
}

// Every cause that a trace can decide has a scenario, or a reason why it has none, and not both.
func TestEveryCauseIsPlayedOrSaidWhyNot(t *testing.T) {
	by := scenariosByCause()
	for _, c := range cause.All() {
		if c.Trace == "H" && (len(by[c.ID]) > 0) == (scenarios.NotSimulated[c.ID] != "") {
			t.Errorf("%s: scenarios %q, reason for none %q", c.ID, by[c.ID], scenarios.NotSimulated[c.ID])
		}
	}
	for id := range scenarios.NotSimulated {
		if c := cause.Find(id); c == nil || c.Trace != "H" {
			t.Errorf("%s needs no reason", id)
		}
	}
}

// The same seed makes the same evidence.
func TestMadeEvidenceIsOfItsSeed(t *testing.T) {
	s, _ := scenarios.Find("made-node-local")
	var logs []int
	for range 2 {
		r, err := Play(t.Context(), s, 5, "")
		if err != nil || !r.Agreed {
			t.Fatalf("%+v, %v", r, err)
		}
		logs = append(logs, r.Report.Requests, r.Report.Failures)
	}
	if logs[0] != logs[2] || logs[1] != logs[3] {
		t.Errorf("two runs differ: %v", logs)
	}
}

func TestAccuracyDocument(t *testing.T) {
	var some []stage.Scenario
	for _, name := range []string{"made-masked", "made-v1-fine", "made-autoscale-lag"} {
		s, _ := scenarios.Find(name)
		some = append(some, s)
	}
	a := Measure(t.Context(), some, 1, 1, func(stage.Scenario, *Result, error) {})
	text := a.Markdown()
	for _, want := range []string{"| k-masked | the same |", "| nothing | nothing |", "| h-autoscale-lag | the same |"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if a.Misled() != 0 || len(a.Failed) > 0 {
		t.Errorf("%d misled, failed: %v", a.Misled(), a.Failed)
	}
}

func TestKeptEvidence(t *testing.T) {
	dir := t.TempDir()
	s, _ := scenarios.Find("empty-pool")
	r, err := Play(t.Context(), s, 3, dir)
	if err != nil || !r.Agreed {
		t.Fatalf("agreed %+v, error %v", r, err)
	}
	for _, name := range []string{"applied.json", "health.json", "logs"} {
		if _, err := os.Stat(dir + "/" + name); err != nil {
			t.Error(err)
		}
	}
}
