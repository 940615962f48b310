package test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"causeway/internal/store/storetest"
)

// Two gateways share an etcd that somebody else runs. The second one says what it lacks and which command helps; a backup
// holds what the etcd has, also when no gateway runs.
func TestExternalEtcdOfTwoGateways(t *testing.T) {
	endpoint := storetest.StartEtcd(t)
	member, _ := node(t, echo)
	front := freePort(t)
	local := func(name string) string { return fmt.Sprintf("store: {endpoints: [%s], node: %s}\n", endpoint, name) }
	d := plain(front, member)
	d.sku = `{"name":"Standard_v2","tier":"Standard_v2","capacity":2}` // one on each node
	first := serve(t, d.String(), local("gw1"))

	dir := t.TempDir()
	second := filepath.Join(dir, "causeway.yaml")
	first.write(second, local("gw2"))
	data := filepath.Join(dir, "data")
	_, errs, code := causeway(t, "serve", "--local", second, "--data", data, "--listen", "127.0.0.12")
	advice := regexp.MustCompile(`causeway (cluster admit gw2 age1\w+)`).FindStringSubmatch(errs)
	if code != 3 || advice == nil {
		t.Fatalf("a node without a key: %d %s", code, errs)
	}
	if out, errs, code := first.run(strings.Fields(advice[1])...); code != 0 {
		t.Fatalf("%s: %d %s%s", advice[1], code, out, errs)
	}
	g := succeed(t, &gateway{dir: dir, data: data, config: first.config, local: second}, "--listen", "127.0.0.12")
	answered := func() bool {
		r, err := http.Get(fmt.Sprintf("http://127.0.0.12:%d/", front))
		if err == nil {
			r.Body.Close()
		}
		return err == nil && r.StatusCode == http.StatusOK
	}
	if !answered() { // with the configuration of the first
		t.Error("the second gateway does not answer")
	}
	g.stop()
	first.stop()
	backup := filepath.Join(dir, "backup")
	if out, errs, code := causeway(t, "backup", backup, "--data", data); code != 0 {
		t.Fatalf("backup without a gateway: %d %s%s", code, out, errs)
	}
	if out, errs, code := causeway(t, "restore", backup, "--data", filepath.Join(dir, "alone")); code != 0 {
		t.Fatalf("restore: %d %s%s", code, out, errs)
	}
}
