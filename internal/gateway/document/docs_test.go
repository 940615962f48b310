package document

import (
	"bytes"
	"os"
	"testing"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

// TestReferenceNamesEveryProperty holds the reference of the configuration against the model: no property is left out.
func TestReferenceNamesEveryProperty(t *testing.T) {
	reference, err := os.ReadFile("../../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	var walk func(s *schema.Shape)
	walk = func(s *schema.Shape) {
		for _, f := range s.Fields {
			if f.Shape.Dropped || f.Name == "properties" {
				walk(f.Shape)
				continue
			}
			seen++
			if !bytes.Contains(reference, []byte("`"+f.Name+"`")) {
				t.Errorf("docs/configuration.md does not name %s", f.Name)
			}
			walk(f.Shape)
		}
		if s.Elem != nil {
			walk(s.Elem)
		}
	}
	walk(schema.Gateway)
	for key := range (&localReader{local: &gateway.Local{}}).settings() {
		if !bytes.Contains(reference, []byte("`"+key)) {
			t.Errorf("docs/configuration.md does not name %s", key)
		}
	}
	if seen < 150 {
		t.Errorf("walked over %d properties only", seen)
	}
}
