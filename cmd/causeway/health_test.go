package main

import (
	"strings"
	"testing"

	"causeway/internal/budget"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
)

// Members with the same detail share a paragraph, in lines that fit.
func TestHealthPrintsAReasonOnce(t *testing.T) {
	t.Setenv("COLUMNS", "")
	const text = "The backend did not answer within the time that the probe allows for it, which is its timeout and no more than that. Check it."
	var h gateway.Health
	h.Pools = []gateway.PoolHealth{{Pool: gateway.Ref{ID: "x/pool"}, Settings: []gateway.SettingsHealth{{
		Settings: gateway.Ref{ID: "x/http"},
		Servers: []gateway.ServerHealth{
			{Address: "10.0.0.4", Health: "Down", Detail: text},
			{Address: "10.0.0.5", Health: "Unknown", Detail: "Another."},
			{Address: "10.0.0.6", Health: "Down", Detail: text},
			{Address: "10.0.0.8", Health: "Down", Detail: "10.0.0.8:80 refused.", Causeway: &gateway.HealthEvidence{Dial: "10.0.0.8:80"}},
			{Address: "10.0.0.9", Health: "Down", Detail: "10.0.0.9:80 refused.", Causeway: &gateway.HealthEvidence{Dial: "10.0.0.9:80"}},
			{Address: "10.0.0.10", Health: "Down", Detail: "10.0.0.10:80 fell.", Causeway: &gateway.HealthEvidence{Dial: "10.0.0.10:80"}},
			{Address: "10.0.0.7", Health: "Up", Detail: "Fine."},
		},
	}}}}
	var b strings.Builder
	if err := printHealth(&b, h); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(b.String(), "\n\n")
	want := `10.0.0.4 (http), 10.0.0.6 (http): The backend did not answer within the time that the probe allows
for it, which is its timeout and no more than that. Check it.

10.0.0.5 (http): Another.

10.0.0.8 (http), 10.0.0.9 (http): its address refused.

10.0.0.10 (http): 10.0.0.10:80 fell.
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Probes of a member have failed, but not often enough: it is Up, and the table and a sentence say what its last probe met.
func TestHealthShowsFailedProbesOfWhoIsUp(t *testing.T) {
	h := gateway.Health{Pools: []gateway.PoolHealth{{Pool: gateway.Ref{ID: "x/pool"}, Settings: []gateway.SettingsHealth{{
		Settings: gateway.Ref{ID: "x/http"},
		Servers: []gateway.ServerHealth{{
			Address: "10.0.0.4", Health: "Up", Detail: "Still Up: 1 of the 3 failed probes in a row that make it Down. The last: refused.",
			Causeway: &gateway.HealthEvidence{Failures: 1},
		}},
	}}}}}
	var b strings.Builder
	if err := printHealth(&b, h); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Up, 1 probe failed", "\n10.0.0.4 (http): Still Up: 1 of the 3"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing:\n%s", want, b.String())
		}
	}
	if !allHealthy(h) {
		t.Error("a member that is still Up is not healthy")
	}
}

// A member that passive ejection holds back is up by its probes and gets no requests: the table and a sentence say both.
func TestHealthShowsWhoIsHeldBack(t *testing.T) {
	h := gateway.Health{Pools: []gateway.PoolHealth{{Pool: gateway.Ref{ID: "x/pool"}, Settings: []gateway.SettingsHealth{{
		Settings: gateway.Ref{ID: "x/http"},
		Servers: []gateway.ServerHealth{
			{
				Address: "10.0.0.4", Health: "Up", Detail: "Success. Held back until 10:00:20.",
				Causeway: &gateway.HealthEvidence{HeldUntil: "2026-11-20T10:00:20Z"},
			},
			{Address: "10.0.0.5", Health: "Up", Detail: "Success."},
		},
	}}}}}
	var b strings.Builder
	if err := printHealth(&b, h); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); strings.Count(got, "Up, held back") != 1 ||
		!strings.Contains(got, "10.0.0.4 (http): Success. Held back until 10:00:20.") {
		t.Errorf("%s", got)
	}
}

// A member that no probe can judge is up as far as anybody knows: the table says since when.
func TestHealthShowsWhoIsUnjudged(t *testing.T) {
	h := gateway.Health{Pools: []gateway.PoolHealth{{Pool: gateway.Ref{ID: "x/pool"}, Settings: []gateway.SettingsHealth{{
		Settings: gateway.Ref{ID: "x/http"},
		Servers: []gateway.ServerHealth{{
			Address: "10.0.0.4", Health: "Up", Detail: "Success. No probe could be judged.",
			Causeway: &gateway.HealthEvidence{Unjudged: "2026-11-20T10:00:20Z"},
		}},
	}}}}}
	var b strings.Builder
	if err := printHealth(&b, h); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "Up, unjudged since 2026-11-20T10:00:20Z") ||
		!strings.Contains(got, "10.0.0.4 (http): Success. No probe could be judged.") {
		t.Errorf("%s", got)
	}
}

// Every instance probes for itself. Where they disagree about a member, it is Partial, and a sentence says who sees what.
func TestHealthShowsInstancesThatDisagree(t *testing.T) {
	t.Setenv("COLUMNS", "")
	view := func(health, detail string) gateway.Health {
		return gateway.Health{Pools: []gateway.PoolHealth{{Pool: gateway.Ref{ID: "x/pool"}, Settings: []gateway.SettingsHealth{{
			Settings: gateway.Ref{ID: "x/http"},
			Servers:  []gateway.ServerHealth{{Address: "10.0.0.4", Health: health, Detail: detail, Causeway: &gateway.HealthEvidence{}}},
		}}}}}
	}
	h := gateway.MergeHealth(map[string]gateway.Health{
		"shop_0": view("Up", "Success."), "shop_1": view("Down", "No answer."), "shop_2": view("Up", "Success."),
	})
	var b strings.Builder
	if err := printHealth(&b, h); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "Partial") ||
		!strings.Contains(got, "10.0.0.4 (http): The gateway's instances disagree. shop_0, shop_2: Up. shop_1: Down: No answer.") || allHealthy(h) {
		t.Errorf("%s", got)
	}
}

// A budget that nothing holds, and an instance that does not stay up, are worth a sentence under any health.
func TestHealthShowsInstancesInTrouble(t *testing.T) {
	held := evidence.Machine{
		Budget:    &budget.State{CPUHeld: true, MemoryHeld: true, How: "cgroup v2 below /x"},
		Instances: []evidence.InstanceState{{Number: 0}},
	}
	if texts := instanceIssues(&held); texts != nil {
		t.Errorf("%q", texts)
	}
	if texts := instanceIssues(&evidence.Machine{}); texts != nil {
		t.Errorf("a version without budgets: %q", texts)
	}
	troubled := evidence.Machine{
		Budget:    &budget.State{How: "GOMAXPROCS and GOMEMLIMIT", Why: "no control groups"},
		Instances: []evidence.InstanceState{{Number: 0}, {Number: 1, CrashLoop: true, Restarts: 5}},
	}
	want := "Budgets of instances: not held, only GOMAXPROCS and GOMEMLIMIT: no control groups\n" +
		"Instance 1 dies again and again, with 5 restarts so far. causeway diagnose --live says how it ends."
	if got := strings.Join(instanceIssues(&troubled), "\n"); got != want {
		t.Errorf("%s", got)
	}
}
