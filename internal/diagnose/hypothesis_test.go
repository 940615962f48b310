package diagnose

import (
	"os"
	"strings"
	"testing"

	"causeway/internal/cause"
)

// Who looks for how a cause is told finds it in the file of that name.
func TestOneHypothesisAFile(t *testing.T) {
	for _, h := range hypotheses {
		name := strings.ReplaceAll(h.cause, "-", "_") + ".go"
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(text), `"`+h.cause+`"`) {
			t.Errorf("%s is not told in %s: %v", h.cause, name, err)
		}
		if cause.Find(h.cause) == nil || h.test == "" || h.needs == 0 {
			t.Errorf("%s is incomplete", h.cause)
		}
	}
}
