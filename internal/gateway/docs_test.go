package gateway

import (
	"bytes"
	"os"
	"testing"
)

// TestReferenceNamesEveryProperty holds the reference of the configuration against the model: no property is left out.
func TestReferenceNamesEveryProperty(t *testing.T) {
	reference, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	var walk func(s *shape)
	walk = func(s *shape) {
		for _, f := range s.fields {
			if f.shape.dropped || f.name == "properties" {
				walk(f.shape)
				continue
			}
			seen++
			if !bytes.Contains(reference, []byte("`"+f.name+"`")) {
				t.Errorf("docs/configuration.md does not name %s", f.name)
			}
			walk(f.shape)
		}
		if s.elem != nil {
			walk(s.elem)
		}
	}
	walk(resourceModel)
	for key := range (&localReader{local: &Local{}}).settings() {
		if !bytes.Contains(reference, []byte("`"+key)) {
			t.Errorf("docs/configuration.md does not name %s", key)
		}
	}
	if seen < 150 {
		t.Errorf("walked over %d properties only", seen)
	}
}
