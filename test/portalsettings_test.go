package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"causeway/internal/certs/certstest"
)

// Somebody edits the settings in a real browser: a time-out, beside somebody else who edits it, too, a certificate, a listener with its rule;
// and returns to where they began. Somebody who may only read changes nothing.
func TestPortalSettings(t *testing.T) {
	if testing.Short() {
		t.Skip("npm installs what drives the browser")
	}
	dir := browserDir(t)
	member, _ := node(t, broken)
	d := &document{}
	d.port("p", freePort(t))
	d.pool("web", "127.0.0.1")
	d.setting("http", member, `"protocol":"Http","requestTimeout":20`)
	d.listener("l", "p", `"protocol":"Http"`)
	d.basic("r", 100, "l", "web", "http")
	g := serve(t, d.String(), "", "--api", fmt.Sprint("127.0.0.1:", freePort(t)))
	eventually(t, "the management API answers", func() bool { return strings.Contains(g.stderr.String(), "the management API answers") })
	second := freePort(t)
	pfx := filepath.Join(dir, "site.pfx")
	pair := certstest.NewAuthority(t, "CA").Leaf("site.example")
	if b, err := pkcs12.Modern.Encode(pair.PrivateKey, pair.Leaf, nil, "guess me"); err != nil || os.WriteFile(pfx, b, 0o600) != nil {
		t.Fatal(err)
	}
	walk(t, dir, "settings.mjs", g, append(reader(t, g), fmt.Sprint("PORT=", second), "PFX="+pfx, "PASSWORD=guess me")...)
}
