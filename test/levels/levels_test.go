// Package levels holds the code to the table of packages in docs/architecture.md: imports go strictly downward.
package levels

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "causeway/"
)

// file is a Go source file of the module and what it imports from the module, both as the table names packages: without
// the module, and without internal/.
type file struct {
	path     string
	pkg      string
	external bool // a test that looks at its package from outside
	imports  []string
}

// forTests is the level of packages that serve tests only.
const forTests = 1000

func TestImportsGoDownward(t *testing.T) {
	level := table(t)
	seen := map[string]bool{}
	for _, f := range files(t) {
		seen[f.pkg] = true
		own, known := level[f.pkg]
		if !known {
			t.Errorf("%s: docs/architecture.md gives package %s no level", f.path, f.pkg)
			continue
		}
		for _, to := range f.imports {
			// The compiler refuses cycles, so a test from outside may use what stands above its package.
			if f.external || strings.HasSuffix(f.path, "_test.go") && level[to] == forTests {
				continue
			}
			if at, known := level[to]; !known || at >= own {
				t.Errorf("%s: %s (level %d) must not import %s (level %d)", f.path, f.pkg, own, to, at)
			}
		}
	}
	for name := range level {
		if !seen[name] {
			t.Errorf("docs/architecture.md lists %s, which does not exist", name)
		}
	}
}

// The troubleshooter never talks to a gateway, and never knows the answers of the lab.
func TestDiagnoseStaysApart(t *testing.T) {
	allowed := regexp.MustCompile(`^(units|stats|report|redact|gateway|gateway/document|fault|cause|accesslog|activity|evidence|sizing|diagnose(/.*)?)$`)
	checked := 0
	for _, f := range files(t) {
		if f.pkg != "diagnose" && !strings.HasPrefix(f.pkg, "diagnose/") {
			continue
		}
		checked++
		for _, to := range f.imports {
			if !allowed.MatchString(to) {
				t.Errorf("%s imports %s", f.path, to)
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d files of diagnose were checked; has it moved?", checked)
	}
}

// table reads the levels out of the document: rows such as
//
//	| 2 | `backend` pools, members, health · `evidence` recognises and reads files |
func table(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs/architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\| (\d+|tests) \| (.*) \|$`)
	name := regexp.MustCompile("(?:^|· )`([a-z0-9/]+)`")
	level := map[string]int{}
	for _, r := range row.FindAllStringSubmatch(string(text), -1) {
		n := forTests
		if r[1] != "tests" {
			if n, err = strconv.Atoi(r[1]); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range name.FindAllStringSubmatch(r[2], -1) {
			if _, twice := level[p[1]]; twice {
				t.Errorf("docs/architecture.md lists %s twice", p[1])
			}
			level[p[1]] = n
		}
	}
	if len(level) == 0 {
		t.Fatal("docs/architecture.md holds no table of packages")
	}
	return level
}

// files are all Go files of the module.
func files(t *testing.T) []file {
	t.Helper()
	var out []file
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (skipped(d.Name()) || exists(filepath.Join(path, "go.mod"))): // a module of its own
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go"):
			f, err := read(path)
			out = append(out, f)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func skipped(dir string) bool { return dir == "testdata" || strings.HasPrefix(dir, ".") }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func read(path string) (file, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return file{}, err
	}
	dir, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil {
		return file{}, err
	}
	f := file{path: path, pkg: short(filepath.ToSlash(dir)), external: strings.HasSuffix(parsed.Name.Name, "_test")}
	for _, i := range parsed.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return file{}, fmt.Errorf("%s: import %s: %w", path, i.Path.Value, err)
		}
		if to, own := strings.CutPrefix(name, module); own {
			f.imports = append(f.imports, short(to))
		}
	}
	return f, nil
}

func short(pkg string) string { return strings.TrimPrefix(pkg, "internal/") }
