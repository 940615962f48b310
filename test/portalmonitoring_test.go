package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// One request failed before hundreds of others. Somebody on call finds it in the log, compares metrics, probes the members, and goes on
// when the session ends and when the gateway does not answer for a while.
func TestPortalMonitoring(t *testing.T) {
	if testing.Short() {
		t.Skip("npm installs what drives the browser")
	}
	dir := browserDir(t)
	g, front := troubled(t)
	const others = 600 // more than any page shows at first
	for i := range 1 + others {
		res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/%s", front, map[bool]string{true: "broken", false: "well"}[i == 0]))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	eventually(t, "the management API answers", func() bool { return strings.Contains(g.stderr.String(), "the management API answers") })
	out, errs, code := g.run("api", "credentials", "create", "--role", "reader", "-o", "json")
	var reader struct{ ClientID, ClientSecret string }
	if err := json.Unmarshal([]byte(out), &reader); err != nil || code != 0 {
		t.Fatalf("%v: %d %s", err, code, errs)
	}
	walk(t, dir, "monitoring.mjs", g, "READER_ID="+reader.ClientID, "READER_SECRET="+reader.ClientSecret)
}
