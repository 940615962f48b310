package test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// A gateway that lifts Azure's limits serves a thousand sites on a hundred ports, soon after its start and after a change.
func TestAThousandListeners(t *testing.T) {
	if testing.Short() {
		t.Skip("it opens a hundred ports")
	}
	member, _ := node(t, echo)
	ports, d := thousand(t, member)
	begin := time.Now()
	g := serve(t, d.String(), "limits: none\n")
	started := time.Since(begin)
	for _, i := range []int{0, 499, 999} {
		if got := hostStatus(t, ports[i%len(ports)], fmt.Sprintf("site%d.example", i)); got != http.StatusOK {
			t.Errorf("site %d: %d", i, got)
		}
	}
	d.rules = d.rules[:999] // the last listener has no rule any longer
	g.write(g.config, d.String())
	begin = time.Now()
	if out, errs, code := g.run("config", "apply", g.config); code != 0 {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	changed := time.Since(begin)
	if got := hostStatus(t, ports[999%len(ports)], "site999.example"); got == http.StatusOK {
		t.Errorf("after the change: %d", got)
	}
	t.Logf("start to serving %v, a change %v", started.Round(time.Millisecond), changed.Round(time.Millisecond))
	if started > 15*time.Second || changed > 15*time.Second { // a tenth of it on a quiet machine
		t.Errorf("start to serving %v, a change %v", started, changed)
	}
}

// thousand is a gateway with a thousand sites on a hundred ports, each with a rule, and a pool for every ten.
func thousand(t *testing.T, member int) (ports []int, d *document) {
	t.Helper()
	d = &document{}
	for i := range 100 {
		port := freePort(t)
		for slices.Contains(ports, port) {
			port = freePort(t)
		}
		ports = append(ports, port)
		d.port(fmt.Sprint("p", i), ports[i])
		d.pool(fmt.Sprint("web", i), "127.0.0.1")
	}
	d.setting("http", member, `"protocol":"Http","requestTimeout":2`)
	for i := range 1000 {
		name := fmt.Sprint("site", i)
		d.listener(name, fmt.Sprint("p", i%100), fmt.Sprintf(`"protocol":"Http","hostName":"%s.example"`, name))
		d.basic(name, i+1, name, fmt.Sprint("web", i%100), "http")
	}
	return ports, d
}

func hostStatus(t *testing.T, port int, host string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/", port), strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}
