package supervisor

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/store"
)

func TestShare(t *testing.T) {
	for _, x := range []struct {
		all   int
		nodes string
		want  []int
	}{
		{6, "a b c", []int{2, 2, 2}},
		{7, "a b c", []int{3, 2, 2}},
		{5, "a b c", []int{2, 2, 1}},
		{2, "a b c", []int{1, 1, 0}},
		{0, "a b", []int{0, 0}},
		{125, "a", []int{125}},
	} {
		nodes := strings.Fields(x.nodes)
		var got []int
		for _, n := range nodes {
			got = append(got, share(x.all, nodes, n))
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%d over %s: %v, want %v", x.all, x.nodes, got, x.want)
		}
	}
	if got := share(5, []string{"a"}, "b"); got != 0 {
		t.Errorf("a node that is none of them: %d", got)
	}
}

// A node that is away for a moment keeps its place; one that stays away loses it.
func TestRoster(t *testing.T) {
	now := time.Unix(1e9, 0)
	r := roster{missing: map[string]time.Time{}}
	see := func(after time.Duration, running, want string) {
		t.Helper()
		now = now.Add(after)
		r.see(strings.Fields(running), now)
		if got := strings.Join(r.names, " "); got != want {
			t.Errorf("%v: %q, want %q", now.Sub(time.Unix(1e9, 0)), got, want)
		}
	}
	see(0, "b", "b")
	see(time.Second, "c b a", "a b c")
	see(time.Second, "a c", "a b c")
	see(goneAfter-time.Second, "a c", "a b c")
	see(0, "a b c", "a b c")
	see(time.Second, "a c", "a b c")
	see(goneAfter-1, "a c", "a b c")
	see(1, "a c", "a c")
	see(time.Second, "a b c", "a b c")
}

// What a node remembers of its share survives a restart.
func TestShareIsRemembered(t *testing.T) {
	data := t.TempDir()
	if err := os.MkdirAll(store.Within(data), 0o700); err != nil {
		t.Fatal(err)
	}
	s := &Supervisor{o: Options{Data: data}, node: "b", scaled: 7}
	s.roster = roster{names: []string{"a", "b"}, missing: map[string]time.Time{}}
	s.remember()
	again := &Supervisor{o: s.o, node: "b"}
	again.recall()
	if again.scaled != 7 || !slices.Equal(again.roster.names, []string{"a", "b"}) {
		t.Errorf("%d %v", again.scaled, again.roster.names)
	}
	other := &Supervisor{o: s.o, node: "c"}
	other.recall()
	if !slices.Equal(other.roster.names, []string{"a", "b", "c"}) {
		t.Errorf("of another node: %v", other.roster.names)
	}
}
