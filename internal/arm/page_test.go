package arm

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

//go:generate go test -run ^TestAPIPage$ . -update

var update = flag.Bool("update", false, "write docs/api.md anew")

// pageHead comes before the table of operations.
const pageHead = `# The management API

Written by ` + "`make generate`" + ` from the routes and the text in ` + "`internal/arm/page.md`" + `; do not edit.

`

// TestAPIPage checks that docs/api.md has every operation. -update writes it.
func TestAPIPage(t *testing.T) {
	text, err := os.ReadFile("page.md")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", "api.md")
	want := pageHead + string(text) + operationTable()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/api.md is not current: make generate writes it anew")
	}
}

func operationTable() string {
	var b strings.Builder
	b.WriteString("| method | path | role | what it does |\n|---|---|---|---|\n")
	for _, r := range routes() {
		role := string(r.needs)
		if r.open {
			role = "none"
		}
		path := strings.Replace(r.path.String(), strings.TrimSuffix(networkPath, "/providers/Microsoft.Network"), "…", 1)
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", r.method, path, role, r.summary)
	}
	return b.String()
}
