package store_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// large is a gateway with a thousand listeners, each with a path map of ten path rules.
func large(t *testing.T) []byte {
	t.Helper()
	const listeners, rules = 1000, 10
	id := func(collection, name string) string {
		return fmt.Sprintf(`{"id":"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/`+
			`Microsoft.Network/applicationGateways/g/%s/%s"}`, collection, name)
	}
	var listener, maps, routing []string
	for i := range listeners {
		name := fmt.Sprintf("site-%04d", i)
		listener = append(listener, fmt.Sprintf(`{"name":%q,"properties":{"frontendIPConfiguration":%s,"frontendPort":%s,`+
			`"protocol":"Http","hostName":"%s.example"}}`, name, id("frontendIPConfigurations", "f"), id("frontendPorts", "p"), name))
		var paths []string
		for r := range rules {
			paths = append(paths, fmt.Sprintf(`{"name":"r%d","properties":{"paths":["/%d/*"],"backendAddressPool":%s,`+
				`"backendHttpSettings":%s}}`, r, r, id("backendAddressPools", "b"), id("backendHttpSettingsCollection", "s")))
		}
		maps = append(maps, fmt.Sprintf(`{"name":%q,"properties":{"defaultBackendAddressPool":%s,"defaultBackendHttpSettings":%s,`+
			`"pathRules":[%s]}}`, name, id("backendAddressPools", "b"), id("backendHttpSettingsCollection", "s"), strings.Join(paths, ",")))
		routing = append(routing, fmt.Sprintf(`{"name":%q,"properties":{"ruleType":"PathBasedRouting","priority":%d,"httpListener":%s,`+
			`"urlPathMap":%s}}`, name, i+1, id("httpListeners", name), id("urlPathMaps", name)))
	}
	d, err := document.Parse(fmt.Appendf(nil, `{"name":"g","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2"},
		"frontendIPConfigurations":[{"name":"f"}],"frontendPorts":[{"name":"p","properties":{"port":80}}],
		"backendAddressPools":[{"name":"b"}],"backendHttpSettingsCollection":[{"name":"s","properties":{"port":80,"protocol":"Http"}}],
		"httpListeners":[%s],"urlPathMaps":[%s],"requestRoutingRules":[%s]}}`,
		strings.Join(listener, ","), strings.Join(maps, ","), strings.Join(routing, ",")))
	if err != nil {
		t.Fatal(err)
	}
	return d.JSON()
}

func TestALargeGatewayFits(t *testing.T) {
	o := store.Options{Dir: filepath.Join(t.TempDir(), "s")}
	s := open(t, o)
	text := large(t)
	started := time.Now()
	if _, err := s.Put(t.Context(), store.Snapshot{Document: text}, 0); err != nil {
		t.Fatal(err)
	}
	written := time.Since(started)
	changed := bytes.Replace(text, []byte("site-0500.example"), []byte("other-0500.example"), 1)
	started = time.Now()
	if _, err := s.Put(t.Context(), store.Snapshot{Document: changed}, 1); err != nil {
		t.Fatal(err)
	}
	again := time.Since(started)
	started = time.Now()
	if c := config(t, s); !bytes.Equal(c.Document, changed) {
		t.Error("another document came back")
	}
	t.Logf("%d bytes: written in %v, one change in %v, read in %v", len(text), written, again, time.Since(started))
	h, err := s.History(t.Context())
	if err != nil || len(h) != 2 || len(h[0].Keys) != 1 {
		t.Errorf("History: %v, %v", h, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	started = time.Now()
	open(t, o)
	t.Logf("open again in %v", time.Since(started))
}

// TestMemory prints the memory of an idle process with an open store, where CAUSEWAY_MEMORY asks for it.
func TestMemory(t *testing.T) {
	if os.Getenv("CAUSEWAY_MEMORY") == "" {
		t.Skip("CAUSEWAY_MEMORY is not set")
	}
	resident := func() string {
		text, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "VmRSS:")
		line, _, _ := strings.Cut(rest, "\n")
		return strings.TrimSpace(line)
	}
	t.Log("before:", resident())
	s := openSingle(t)
	put(t, s, 80, 0)
	time.Sleep(5 * time.Second)
	t.Log("a small gateway:", resident())
	cpu := func() string {
		text, _ := os.ReadFile("/proc/self/stat")
		f := strings.Fields(string(text))
		return f[13] + "+" + f[14]
	}
	a := cpu()
	time.Sleep(10 * time.Second)
	t.Log("cpu ticks over 10 s:", a, cpu())
	if _, err := s.Put(t.Context(), store.Snapshot{Document: large(t)}, 1); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Second)
	t.Log("a large gateway:", resident())
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("after a collection: %s, heap %d kB", resident(), m.HeapAlloc>>10)
}
