package cause

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Whoever reads an id in a report can look it up.
func TestEveryIDIsInTheCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range append(All(), Rivals()...) {
		if seen[c.ID] {
			t.Errorf("%s stands twice", c.ID)
		}
		seen[c.ID] = true
	}
	for id := range seen {
		for _, r := range Find(id).Rivals {
			if Find(r) == nil {
				t.Errorf("%s has rival %s, which is not in the catalogue", id, r)
			}
		}
	}
	named := regexp.MustCompile(`"([a-k]-[a-z0-9]+(?:-[a-z0-9]+)*)"`)
	files, err := filepath.Glob("../diagnose/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllSubmatch(text, -1) {
			if id := string(m[1]); Find(id) == nil {
				t.Errorf("%s names %s, which is not in the catalogue", path, id)
			}
		}
	}
}

// A finding without something to do is of no use.
func TestFindingsHaveFixes(t *testing.T) {
	for _, c := range All() {
		if len(c.Fixes) == 0 || c.Mechanism == "" || c.Evidence == "" || c.Disproof == "" || c.Separate == "" {
			t.Errorf("%s is incomplete", c.ID)
		}
	}
}
