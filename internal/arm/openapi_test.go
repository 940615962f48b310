package arm

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// Every operation of the document is answered, and the document has every route under an id of its own.
func TestOpenAPIDescribesWhatIsAnswered(t *testing.T) {
	w := newWorld(t)
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string
			Parameters  []struct{ Name, In string }
			Security    []any
		}
	}
	if err := json.Unmarshal([]byte(w.do("GET", "/openapi.json", "", "Authorization", "").text), &document); err != nil {
		t.Fatal(err)
	}
	operations, ids := 0, map[string]bool{}
	for path, methods := range document.Paths {
		for method, o := range methods {
			operations++
			if ids[o.OperationID] {
				t.Errorf("%s is there twice", o.OperationID)
			}
			ids[o.OperationID] = true
			at := path
			for _, p := range o.Parameters {
				if p.In == "path" {
					at = strings.ReplaceAll(at, "{"+p.Name+"}", "x")
				}
			}
			if strings.Contains(at, "{") {
				t.Errorf("%s: a parameter is not described", path)
			}
			a := w.do(strings.ToUpper(method), at, "{}", "Authorization", "")
			if a.code() == "InvalidResourceType" || a.status == http.StatusMethodNotAllowed {
				t.Errorf("%s %s is not answered: %d", method, path, a.status)
			}
			if locked := a.status == http.StatusUnauthorized; len(o.Security) > 0 && !locked {
				t.Errorf("%s %s answers %d without a token", method, path, a.status)
			}
		}
	}
	if operations != len(w.server.routes) {
		t.Errorf("%d operations are described, and there are %d", operations, len(w.server.routes))
	}
}
