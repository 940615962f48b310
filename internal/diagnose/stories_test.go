package diagnose

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever changes an analyzer finds its stories in the file beside it.
func TestStoriesBesideEachAnalyzer(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("analyzers/*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	listed, found := analyzersInOrder(t), 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, name := range variablesOf(t, file) {
			if !listed[filepath.Base(filepath.Dir(file))+"."+name] {
				continue
			}
			found++
			if _, err := os.Stat(strings.TrimSuffix(file, ".go") + "_test.go"); err != nil {
				t.Errorf("%s has the analyzer %s and no test file beside it", file, name)
			}
		}
	}
	if found != len(listed) {
		t.Errorf("found %d analyzers of the %d in the order", found, len(listed))
	}
}

// analyzersInOrder are the analyzers that the order lists, as package.Name.
func analyzersInOrder(t *testing.T) map[string]bool {
	out := map[string]bool{}
	for _, d := range declarations(t, "order.go") {
		if d.Names[0].Name != "order" {
			continue
		}
		for _, e := range d.Values[0].(*ast.CompositeLit).Elts {
			analyzer := e.(*ast.SelectorExpr)
			out[analyzer.X.(*ast.Ident).Name+"."+analyzer.Sel.Name] = true
		}
	}
	return out
}

func variablesOf(t *testing.T, file string) (names []string) {
	for _, d := range declarations(t, file) {
		for _, n := range d.Names {
			names = append(names, n.Name)
		}
	}
	return names
}

// declarations are the variables that a file declares.
func declarations(t *testing.T, file string) (out []*ast.ValueSpec) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, s := range g.Specs {
				out = append(out, s.(*ast.ValueSpec))
			}
		}
	}
	return out
}
