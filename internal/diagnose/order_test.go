package diagnose

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"causeway/internal/cause"
)

// Whoever looks for the rule of a cause finds it in the package of its group, in the file of its name.
func TestEveryAnalyzerHasItsFile(t *testing.T) {
	t.Parallel()
	group := map[byte]string{
		'a': "probes", 'b': "network", 'c': "connections", 'd': "timing", 'e': "protocol", 'f': "protocol",
		'g': "capacity", 'h': "capacity", 'i': "configuration", 'j': "clients", 'k': "clients",
	}
	for _, a := range order {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			_, name, _ := strings.Cut(a.Name, "-")
			path := filepath.Join("analyzers", group[a.Name[0]], strings.ReplaceAll(name, "-", "")+".go")
			text, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(text), `"`+a.Name+`"`) {
				t.Errorf("its rule is not in %s: %v", path, err)
			}
			if cause.Find(a.Name) == nil || a.Doc == "" || a.Requires == 0 || a.Run == nil {
				t.Errorf("it is incomplete: %+v", a)
			}
		})
	}
}
