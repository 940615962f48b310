package supervisor

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/internal/admin"
	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// A store that does not open leaves the last good configuration in force: it is served, and no change is taken.
func TestStartWithABrokenStore(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.end()
	etcd := filepath.Join(store.Within(h.o.Data), "etcd")
	if err := os.Rename(etcd, etcd+".kept"); err != nil {
		t.Fatal(err)
	}
	h.write(etcd, "no folder")
	h.start()
	if status, text := h.get(h.url("/")); status != 200 || text != "ok" {
		t.Errorf("%d %q", status, text)
	}
	s := h.s.Status()
	if s.Revision != 1 || !s.Ready || len(s.Lagging) != 1 || !strings.Contains(s.Lagging[0], "the store does not open since ") {
		t.Errorf("%+v", s)
	}
	_, err := h.s.Apply(t.Context(), admin.Config{Source: document.Source{Document: []byte(gatewayOn("10.0.0.4"))}})
	if err == nil || !strings.Contains(err.Error(), "the store does not open since ") || !strings.Contains(admin.HintOf(err), "tries again") {
		t.Errorf("a change: %v, %q", err, admin.HintOf(err))
	}
}

// At the start the store has a configuration that cannot be served here. The node serves the one that it had, says so, and
// catches up.
func TestStartWithARevisionThatCannotBeServed(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.end()
	taken, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", h.port+1))
	if err != nil {
		t.Skip(err)
	}
	defer taken.Close()
	another := strings.Replace(gatewayOn("10.0.0.4"), `"port":80}`, `"port":81}`, 1)
	d, _, _, err := document.Source{Document: []byte(another), Local: []byte{}}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	opened, err := store.Open(t.Context(), store.Options{Dir: store.Within(h.o.Data)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opened.Put(t.Context(), store.Snapshot{Document: d.JSON(), Who: "another node"}, 1); err != nil {
		t.Fatal(err)
	}
	if err := opened.Close(); err != nil {
		t.Fatal(err)
	}
	h.start()
	s := h.s.Status()
	if s.Revision != 1 || !s.Ready || len(s.Lagging) != 1 || !strings.Contains(s.Lagging[0], "revision 2 is not served here since ") {
		t.Errorf("%+v", s)
	}
	if h.s.configBehind() != 1 {
		t.Error("the metric does not say so")
	}
	taken.Close()
	caughtUp := func() bool { s := h.s.Status(); return s.Revision == 2 && len(s.Lagging) == 0 }
	for end := time.Now().Add(20 * time.Second); !caughtUp(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not catch up: %+v", h.s.Status())
		}
	}
	if s := h.s.Status(); len(s.Lagging) > 0 || h.s.configBehind() != 0 {
		t.Errorf("%+v", s)
	}
}
