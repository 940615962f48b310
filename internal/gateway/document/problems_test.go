package document

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"causeway/internal/gateway"
)

var update = flag.Bool("update", false, "write the golden files")

// TestBadDocuments holds the problems of each testdata/NAME.bad.json against NAME.bad.txt.
func TestBadDocuments(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bad documents: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".bad.json"), func(t *testing.T) {
			d := parseFile(t, file)
			got := problemText(d.Problems())
			golden := strings.TrimSuffix(file, ".json") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func problemText(problems []gateway.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s\n    hint: %s\n", p, strings.ReplaceAll(p.Hint, "\n", "\n    "))
	}
	return b.String()
}

func parseFile(t *testing.T, file string) *Document {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(data)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return d
}
