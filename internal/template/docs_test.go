package template

import (
	"bytes"
	"os"
	"testing"
)

// TestReferenceNamesEveryFunction holds the reference of the configuration against the tables.
func TestReferenceNamesEveryFunction(t *testing.T) {
	reference, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	reference = bytes.ToLower(reference)
	names := map[string]bool{}
	for name := range functionTable {
		names[name] = true
	}
	for name := range specialTable {
		names[name] = true
	}
	for name := range names {
		if !bytes.Contains(reference, []byte("`"+name+"`")) && !bytes.Contains(reference, []byte("`"+name+"()`")) {
			t.Errorf("docs/configuration.md does not name %s", name)
		}
	}
}
