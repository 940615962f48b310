package arm

import (
	"net/http"
	"testing"

	"causeway/internal/access"
)

// A setting of causeway.yaml is changed by whoever may, of the settings that they have seen.
func TestSettings(t *testing.T) {
	w := newWorld(t)
	w.created()
	at := gatewayURL + "/providers/Causeway/settings"
	a := w.do("GET", at, "", w.as(access.Reader)...)
	tag := a.header.Get("ETag")
	if a.status != http.StatusOK || tag == "" {
		t.Fatalf("%d %s", a.status, a.text)
	}
	const change = `{"settings":{"backendIdleTimeout":"25s"}}`
	for _, c := range []struct {
		what, body string
		header     []string
		want       int
	}{
		{"a reader", change, w.as(access.Reader), http.StatusForbidden},
		{"other settings", change, []string{"If-Match", `"other"`}, http.StatusPreconditionFailed},
		{"nothing", `{}`, nil, http.StatusBadRequest},
		{"no JSON", `backendIdleTimeout: 25s`, nil, http.StatusBadRequest},
		{"what cannot be changed", `{"settings":{"members":{}}}`, nil, http.StatusBadRequest},
		{"an operator", change, append(w.as(access.Operator), "If-Match", tag), http.StatusOK},
		{"an operator, again", change, append(w.as(access.Operator), "If-Match", tag), http.StatusPreconditionFailed},
	} {
		if a := w.do("PATCH", at, c.body, c.header...); a.status != c.want {
			t.Errorf("%s: %d %s", c.what, a.status, a.text)
		}
	}
	if a := w.do("GET", at, ""); a.at(t, "settings", "backendIdleTimeout") != "25s" {
		t.Errorf("%s", a.text)
	}
}
