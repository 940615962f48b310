package arm

import (
	"net/http"
	"strings"
	"testing"

	"causeway/internal/access"
)

const validatePath = gatewayURL + "/providers/Causeway/validate"

// Before a change, whoever may look learns what would be wrong with it and what it would change; nothing changes.
func TestValidate(t *testing.T) {
	w := newWorld(t)
	w.created()
	now := w.do("GET", gatewayURL, "").text
	a := w.do("POST", validatePath, now, w.as(access.Reader)...)
	if a.status != http.StatusOK || !strings.Contains(a.text, `"changes":[]`) {
		t.Errorf("the same: %d %s", a.status, a.text)
	}
	a = w.do("POST", validatePath, strings.Replace(now, `"requestTimeout":20`, `"requestTimeout":30`, 1), w.as(access.Reader)...)
	if a.status != http.StatusOK || !strings.Contains(a.text, `"path":"properties.requestTimeout"`) || !strings.Contains(a.text, `"after":30`) {
		t.Errorf("another timeout: %d %s", a.status, a.text)
	}
	a = w.do("POST", validatePath, strings.Replace(now, `"requestTimeout":20`, `"requestTimeout":0`, 1), w.as(access.Reader)...)
	if a.status != http.StatusOK || !strings.Contains(a.text, "backendHttpSettingsCollection[0].properties.requestTimeout") {
		t.Errorf("no timeout: %d %s", a.status, a.text)
	}
	if a := w.do("GET", gatewayURL, ""); a.text != now {
		t.Errorf("it changed: %s", a.text)
	}
}

// A revision is read with what a return to it would change, and returned to by whoever may.
func TestRevisions(t *testing.T) {
	w := newWorld(t)
	w.created()
	w.do("PUT", gatewayURL, strings.Replace(w.do("GET", gatewayURL, "").text, `"requestTimeout":20`, `"requestTimeout":30`, 1))
	at := gatewayURL + "/providers/Causeway/revisions"
	if a := w.do("GET", at, "", w.as(access.Reader)...); a.status != http.StatusOK || !strings.Contains(a.text, `"revision":2`) {
		t.Errorf("%d %s", a.status, a.text)
	}
	a := w.do("GET", at+"/1", "", w.as(access.Reader)...)
	if a.status != http.StatusOK || !strings.Contains(a.text, `"before":30,"after":20`) {
		t.Errorf("%d %s", a.status, a.text)
	}
	for _, c := range []struct {
		what   string
		path   string
		header []string
		want   int
	}{
		{"a reader", "/1/rollback", w.as(access.Reader), http.StatusForbidden},
		{"of another revision", "/1/rollback", []string{"If-Match", `W/"1"`}, http.StatusPreconditionFailed},
		{"to what was not", "/7/rollback", nil, http.StatusNotFound},
		{"to no number", "/x/rollback", nil, http.StatusBadRequest},
		{"an operator", "/1/rollback", append(w.as(access.Operator), "If-Match", `W/"2"`), http.StatusOK},
	} {
		if a := w.do("POST", at+c.path, "", c.header...); a.status != c.want {
			t.Errorf("%s: %d %s", c.what, a.status, a.text)
		}
	}
	if a := w.do("GET", gatewayURL, ""); !strings.Contains(a.text, `"requestTimeout":20`) {
		t.Errorf("%s", a.text)
	}
}

// A change that somebody else makes while a return is under way is not overwritten, where the client named the revision that it saw.
func TestRollbackBesideAnotherChange(t *testing.T) {
	w := newWorld(t)
	w.created()
	w.do("PUT", gatewayURL, strings.Replace(w.do("GET", gatewayURL, "").text, `"requestTimeout":20`, `"requestTimeout":30`, 1))
	w.gateway.rival = func() {
		c := w.gateway.Config()
		c.Document = []byte(strings.Replace(string(c.Document), `"requestTimeout": 30`, `"requestTimeout": 40`, 1))
		if _, err := w.gateway.Apply(t.Context(), c); err != nil {
			t.Error(err)
		}
	}
	a := w.do("POST", gatewayURL+"/providers/Causeway/revisions/1/rollback", "", "If-Match", `W/"2"`)
	if a.status != http.StatusPreconditionFailed {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", gatewayURL, ""); !strings.Contains(a.text, `"requestTimeout":40`) {
		t.Errorf("the change is lost: %s", a.text)
	}
}

// A lock on the gateway forbids the return to a revision as it does any change.
func TestRollbackOfALockedGateway(t *testing.T) {
	w := newWorld(t)
	w.created()
	if a := w.do("PUT", gatewayURL+"/providers/Microsoft.Authorization/locks/keep", `{"properties":{"level":"ReadOnly"}}`); a.status >= 300 {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if a := w.do("POST", gatewayURL+"/providers/Causeway/revisions/1/rollback", ""); a.status != http.StatusConflict || !strings.Contains(a.text, "ScopeLocked") {
		t.Errorf("%d %s", a.status, a.text)
	}
}
