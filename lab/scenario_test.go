package lab

import (
	"os"
	"testing"
)

// TestEveryScenario plays all there is, on real connections, and holds the diagnosis against the truth. Whatever the
// machine does, no wrong cause may be named; and what is at work is found.
func TestEveryScenario(t *testing.T) {
	results, failed := map[string]*Result{}, map[string]error{}
	RunAll(t.Context(), Scenarios(), 1, func(s Scenario, r *Result, err error) { results[s.Name], failed[s.Name] = r, err })
	for _, s := range Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			if err := failed[s.Name]; err != nil {
				t.Fatal(err)
			}
			r := results[s.Name]
			if r.Wrong {
				t.Fatalf("wrong: %s", r.Why)
			}
			if !r.Agreed {
				t.Fatalf("disagrees: %s", r.Why)
			}
			if r.Loads[0].Sent == 0 || r.Report.Requests == 0 {
				t.Fatalf("%d requests were sent and %d are in the log", r.Loads[0].Sent, r.Report.Requests)
			}
			if healthy := len(s.Truth) == 0; healthy && len(r.Report.Findings) > 0 {
				t.Fatalf("a healthy scenario has findings: %+v", r.Report.Findings)
			}
		})
	}
}

func TestScenariosAreWhatTheyShouldBe(t *testing.T) {
	seen, healthy := map[string]bool{}, 0
	for _, s := range Scenarios() {
		if seen[s.Name] || s.Story == "" || s.Lasts <= 0 {
			t.Errorf("scenario %q: names are unique, and each has a story and a duration", s.Name)
		}
		seen[s.Name] = true
		if len(s.Truth) == 0 {
			healthy++
		}
	}
	if len(seen) < 14 || healthy < 2 {
		t.Errorf("%d scenarios, %d of them healthy", len(seen), healthy)
	}
}

func TestKeptEvidence(t *testing.T) {
	dir := t.TempDir()
	s, _ := Find("empty-pool")
	r, err := s.Run(t.Context(), 3, dir)
	if err != nil || !r.Agreed {
		t.Fatalf("agreed %+v, error %v", r, err)
	}
	for _, name := range []string{"applied.json", "health.json", "logs"} {
		if _, err := os.Stat(dir + "/" + name); err != nil {
			t.Error(err)
		}
	}
}
