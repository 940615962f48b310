package test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// requestTimeout is that of what a gateway serves.
func (g *gateway) requestTimeout() int {
	g.t.Helper()
	out, errs, code := g.run("config", "show", "--effective=false")
	var d struct {
		Properties struct {
			BackendHTTPSettingsCollection []struct{ Properties struct{ RequestTimeout int } }
		}
	}
	if err := json.Unmarshal([]byte(out), &d); code != 0 || err != nil || len(d.Properties.BackendHTTPSettingsCollection) != 1 {
		g.t.Fatalf("config show: %d %v %s%s", code, err, out, errs)
	}
	return d.Properties.BackendHTTPSettingsCollection[0].Properties.RequestTimeout
}

// Every change has a revision, which can be looked at and served again; a backup taken while the gateway runs becomes another
// gateway with all of it.
func TestHistoryRollbackAndBackup(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	document := plain(front, member).String()
	g := serve(t, document, "")
	g.write(g.config, strings.Replace(document, `"requestTimeout":2`, `"requestTimeout":7`, 1))
	if _, errs, code := g.run("config", "apply", g.config); code != 0 {
		t.Fatalf("%d %s", code, errs)
	}
	if got := g.requestTimeout(); got != 7 {
		t.Errorf("after the change: %d", got)
	}
	if out, errs, code := g.run("config", "show", "1"); code != 0 || !strings.Contains(out, `"requestTimeout": 2`) {
		t.Errorf("revision 1: %d %s%s", code, out, errs)
	}
	if _, errs, code := g.run("config", "rollback", "1"); code != 0 || g.requestTimeout() != 2 {
		t.Errorf("rollback: %d %s", code, errs)
	}
	if _, errs, code := g.run("config", "rollback", "99"); code != 1 || !strings.Contains(errs, "config history") {
		t.Errorf("rollback to what never was: %d %s", code, errs)
	}
	out, errs, code := g.run("config", "history")
	if lines := strings.Split(strings.TrimSpace(out), "\n"); code != 0 || len(lines) != 4 ||
		!strings.Contains(lines[1], "rollback to revision 1") || !strings.Contains(lines[2], "backendHttpSettingsCollection") {
		t.Errorf("history: %d %s%s", code, out, errs)
	}
	kept := filepath.Join(g.dir, "kept")
	if _, errs, code := g.run("backup", kept); code != 0 {
		t.Fatalf("backup: %d %s", code, errs)
	}
	g.stop()
	other := filepath.Join(g.dir, "other")
	if _, errs, code := causeway(t, "restore", kept, "--data", other); code != 0 {
		t.Fatalf("restore: %d %s", code, errs)
	}
	g.data = other
	next := succeed(t, g)
	if got := next.requestTimeout(); got != 2 {
		t.Errorf("of the restored gateway: %d", got)
	}
	if got := curl(t, fmt.Sprintf("http://127.0.0.1:%d/fail", front)); got != "broken\n" {
		t.Errorf("%q", got)
	}
}
