package main

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/admin"
	"causeway/internal/store"
)

// A node that does not run stays in the list, with the time since when, and a sentence says what to do.
func TestInstancesListsNodesThatAreAway(t *testing.T) {
	t.Setenv("COLUMNS", "120")
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	status := admin.Status{
		Node: "a", Nodes: []store.Node{{Name: "a", Started: now.Add(-time.Hour), Instances: 2, Revision: 3}},
		Away: []admin.Absence{{Node: "b", Since: now.Add(-90 * time.Second)}, {Node: "c"}},
	}
	var b strings.Builder
	if err := printInstances(&b, status, now); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"b - - - - away since 2026-11-23T08:58:30Z (1m30s ago) c - - - - away since before this supervisor looked first",
		"Node b is away since 2026-11-23T08:58:30Z (1m30s ago): it does not run, or it reaches no quorum",
		"causeway cluster remove c, if it will not come back.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, b.String())
		}
	}
}
