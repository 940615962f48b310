package test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// broken answers everything but /broken, and a probe.
const broken = `
require('http').createServer((q, r) => {
  r.statusCode = q.url === '/broken' ? 500 : 200
  r.end('answered\n')
}).listen(process.argv[2], '127.0.0.1')
`

// Somebody on call opens the portal in a real browser: finds the member that is down and the path that fails, raises the capacity, and
// leaves. Somebody who may only read changes nothing.
func TestPortal(t *testing.T) {
	if testing.Short() {
		t.Skip("npm installs what drives the browser")
	}
	dir := browserDir(t)
	g, front := troubled(t)
	for i := range 40 {
		curl(t, fmt.Sprintf("http://127.0.0.1:%d/%s", front, map[bool]string{true: "broken", false: "well"}[i%2 == 0]))
	}
	eventually(t, "the management API answers", func() bool { return strings.Contains(g.stderr.String(), "the management API answers") })
	walk(t, dir, "walk.mjs", g, reader(t, g)...)
}

// troubled is a gateway of which one member is down and one path fails, and its port.
func troubled(t *testing.T) (g *gateway, front int) {
	t.Helper()
	member, _ := node(t, broken)
	front = freePort(t)
	d := &document{}
	d.port("p", front)
	d.pool("web", "127.0.0.1", "127.0.0.2")
	d.setting("http", member, `"protocol":"Http"`)
	d.listener("l", "p", `"protocol":"Http"`)
	d.basic("r", 100, "l", "web", "http")
	return serve(t, d.String(), "", "--api", fmt.Sprint("127.0.0.1:", freePort(t))), front
}

// reader is a credential that may only read, as the scripts take it.
func reader(t *testing.T, g *gateway) []string {
	t.Helper()
	out, errs, code := g.run("api", "credentials", "create", "--role", "reader", "-o", "json")
	var c struct{ ClientID, ClientSecret string }
	if err := json.Unmarshal([]byte(out), &c); err != nil || code != 0 {
		t.Fatalf("%v: %d %s", err, code, errs)
	}
	return []string{"READER_ID=" + c.ClientID, "READER_SECRET=" + c.ClientSecret}
}

// browserDir is a folder with the scripts that drive a browser, and with what they need.
func browserDir(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("scripts/packages chromium installs it: ", err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("portal")); err != nil {
		t.Fatal(err)
	}
	npm(t, dir, "ci")
	return dir
}

// walk runs a script against the portal of a gateway.
func walk(t *testing.T, dir, script string, g *gateway, env ...string) {
	t.Helper()
	link, errs, code := g.run("portal", "--no-open")
	if code != 0 {
		t.Fatalf("%d %s\nmake build builds the pages", code, errs)
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(modernNode(t, dir), script)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "LINK="+strings.TrimSpace(link), "CHROMIUM="+chromium), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\n%s", err, out, g.stderr)
	}
}
