// Package levels checks that imports go strictly downward.
package levels

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// level of each package of the house. A package may import those of lower levels only. The evaluator of templates lies
// below the ground: it is what the resource model itself reads with.
var level = map[string]int{
	"template": -1,
	"http1":    0, "gateway": 0, "fault": 0, "telemetry": 0, "pulse": 0,
	"conn": 1, "cause": 1, "accesslog": 1, "migrate": 1, "store": 1, "certs": 1, "resolve": 1,
	"backend": 2, "rewrite": 2, "waf": 2, "evidence": 2,
	"route": 3, "probe": 3,
	"proxy": 4, "diagnose": 4,
	"instance": 5, "admin": 5,
	"supervisor": 6, "arm": 6, "portal": 6, "lab": 6, "bench/silent": 6, "bench/load": 6, "bench/selfsigned": 6, "bench/forward": 6,
	"cmd/causeway": 7, "bench": 7, "bench/logs": 7, "bench/soak": 7, "test": 7, "test/levels": 7,
}

// helpers are for tests only, of any level.
var helpers = map[string]bool{"certs/certstest": true}

const module = "causeway/"

func TestImportsGoDownward(t *testing.T) {
	root := "../.."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() != ".." && strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() && path != root && exists(filepath.Join(path, "go.mod")): // a module of its own
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go"):
			check(t, root, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func check(t *testing.T, root, path string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	dir, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil {
		t.Error(err)
		return
	}
	from := filepath.ToSlash(dir)
	own, known := level[from]
	if !known && !helpers[from] {
		t.Errorf("%s: package %s has no level; give it one", path, from)
		return
	}
	for _, i := range file.Imports {
		name, _ := strconv.Unquote(i.Path.Value)
		to, internal := strings.CutPrefix(name, module)
		if !internal || strings.HasSuffix(path, "_test.go") && helpers[to] {
			continue
		}
		if at, known := level[to]; !known || at >= own {
			t.Errorf("%s: %s (level %d) must not import %s (level %d)", path, from, own, to, at)
		}
	}
}

// The troubleshooter never talks to a gateway, and never knows the answers of the lab.
func TestDiagnoseStaysApart(t *testing.T) {
	allowed := map[string]bool{"gateway": true, "fault": true, "cause": true, "accesslog": true, "evidence": true}
	files, err := filepath.Glob("../../diagnose/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			if to, internal := strings.CutPrefix(name, module); internal && !allowed[to] {
				t.Errorf("%s imports %s", path, to)
			}
		}
	}
}
