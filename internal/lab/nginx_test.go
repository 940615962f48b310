package lab

import (
	"os"
	"path/filepath"
	"testing"

	"causeway/internal/lab/nginx"
	"causeway/internal/lab/scenarios"
	"causeway/internal/lab/stage"
)

func needNginx(t *testing.T) {
	t.Helper()
	if _, err := nginx.Program(); err != nil {
		t.Skip("scripts/packages nginx installs it: ", err)
	}
}

// A few scenarios of each kind through nginx: every request is in the log, faults show, and no report names a wrong cause.
func TestThroughNginx(t *testing.T) {
	needNginx(t)
	var some []stage.Scenario
	for _, name := range []string{
		"refused-one", "backend-5xx", "empty-pool", "slow-route", "cert-name", "idle-race", "short-body", "closing-but-fine",
	} {
		s, ok := scenarios.Find(name)
		if !ok {
			t.Fatalf("there is no scenario %s", name)
		}
		some = append(some, s)
	}
	PlayAllNginx(t.Context(), some, 2, "", func(s stage.Scenario, r *Result, err error) {
		switch {
		case err != nil:
			t.Errorf("%s: %v", s.Name, err)
		case r.Azure.Wrong && !underRace:
			t.Errorf("%s: wrong: %s", s.Name, r.Azure.Why)
		case len(s.Truth) > 0 && r.Azure.Report.Failures == 0:
			t.Errorf("%s: nothing failed", s.Name)
		case r.Azure.Report.Requests < r.Loads[0].Sent-r.Loads[0].Strangers:
			t.Errorf("%s: %d requests were sent, %d are in the log", s.Name, r.Loads[0].Sent, r.Azure.Report.Requests)
		}
	})
}

func TestMixturesThroughNginx(t *testing.T) {
	needNginx(t)
	pair := func(first, second string) Mixture {
		a, _ := scenarios.Find(first)
		b, _ := scenarios.Find(second)
		return Mixture{a, b}
	}
	some := []Mixture{pair("refused-one", "backend-5xx"), pair("slow-route", "backend-5xx"), pair("crash-on-input", "refused")}
	PlayAllMixtures(t.Context(), some, 2, "", func(m Mixture, r *Result, err error) {
		switch {
		case err != nil:
			t.Errorf("%s: %v", m.Name(), err)
		case r.Azure.Wrong && !underRace:
			t.Errorf("%s: wrong: %s", m.Name(), r.Azure.Why)
		case len(r.Truth) != 2 || r.Azure.Report.Failures == 0:
			t.Errorf("%s: truth %v, %d failures", m.Name(), r.Truth, r.Azure.Report.Failures)
		}
	})
}

func TestKeptThroughNginx(t *testing.T) {
	needNginx(t)
	dir := filepath.Join(t.TempDir(), "empty-pool")
	s, _ := scenarios.Find("empty-pool")
	if _, err := PlayNginx(t.Context(), s, 3, dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gateway.json", "backend-health.json", "metrics.json", "../empty-pool.truth.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// What nginx does not play has a reason, and is a scenario.
func TestReasonsNotToPlay(t *testing.T) {
	for _, reasons := range []map[string]string{notThroughNginx, notMixed, withoutBackground} {
		for name, why := range reasons {
			if _, ok := scenarios.Find(name); !ok || why == "" {
				t.Errorf("%q: %q", name, why)
			}
		}
	}
	for _, name := range append(append([]string{}, twice...), toldByReason...) {
		if _, ok := scenarios.Find(name); !ok {
			t.Errorf("there is no scenario %q", name)
		}
	}
}

func TestMixturesAreOfTheirSeed(t *testing.T) {
	a, b := Mixtures(scenarios.Scenarios(), 30, 4), Mixtures(scenarios.Scenarios(), 30, 4)
	seen := map[string]bool{}
	for i := range a {
		if a[i].Name() != b[i].Name() {
			t.Errorf("mixture %d is %s and then %s", i, a[i].Name(), b[i].Name())
		}
		seen[a[i].Name()] = true
	}
	if len(seen) != 30 {
		t.Errorf("%d mixtures, want 30", len(seen))
	}
}

// Every truth of a scenario that nginx plays says of what kind its failures are.
func TestTruthsHaveKinds(t *testing.T) {
	for _, s := range scenarios.Scenarios() {
		if plays, _ := ThroughNginx(s); !plays {
			continue
		}
		for _, x := range s.Truth {
			if len(x.Kinds) == 0 {
				t.Errorf("%s: %s has no kind", s.Name, x.Cause)
			}
		}
	}
}
