package supervisor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/internal/store/storetest"
)

// A gateway keeps its configuration in an etcd elsewhere, and has a name among those that share it.
func TestExternalEtcd(t *testing.T) {
	h := newHouse(t)
	local, err := os.ReadFile(h.o.Local)
	if err != nil {
		t.Fatal(err)
	}
	h.write(h.o.Local, string(local)+"store: {endpoints: ["+storetest.StartEtcd(t)+"], node: gw7}\n")
	h.start()
	s := h.s.Status()
	if s.Node != "gw7" || s.Revision != 1 || len(s.Instances) != 1 || s.Instances[0].ID != "appgw_gw7_0" || len(s.Lagging) > 0 {
		t.Errorf("%+v", s)
	}
	if _, err := os.Stat(filepath.Join(h.o.Data, "store", "etcd")); !os.IsNotExist(err) {
		t.Errorf("it has an etcd of its own: %v", err)
	}
	listed := func() bool {
		nodes := h.s.Status().Nodes
		return len(nodes) == 1 && nodes[0].Name == "gw7" && nodes[0].Instances == 1
	}
	for end := time.Now().Add(20 * time.Second); !listed(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it is not listed: %+v", h.s.Status().Nodes)
		}
	}
	if _, text := h.get(h.url("/")); !strings.Contains(text, "ok") {
		t.Errorf("%q", text)
	}
}
