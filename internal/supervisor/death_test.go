package supervisor

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"causeway/internal/activity"
	"causeway/internal/process"
)

// deaths are those in the activity log.
func (h *house) deaths() (out []activity.Event) {
	h.Helper()
	text, err := os.ReadFile(filepath.Join(h.o.Data, activity.Name))
	if err != nil {
		h.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var l struct {
			Causeway json.RawMessage `json:"causeway"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			h.Fatalf("%v: %s", err, line)
		}
		if e, ok := activity.Decode(l.Causeway); ok && e.Kind == activity.Death {
			out = append(out, e)
		}
	}
	return out
}

func (h *house) await(what string, done func() bool) {
	h.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			h.Fatalf("waited in vain until %s", what)
		}
	}
}

// gone reports whether the fleet has forgotten an instance.
func (h *house) gone(p *process.Process) bool { return !h.s.fleet.pids()[p.PID] }

// An instance that is killed while it drains leaves its trace like any other, and nobody replaces it. One that ends its drain leaves none.
func TestDeathWhileDraining(t *testing.T) {
	h := newHouse(t)
	h.start()
	smaller := func(memory string) *process.Process {
		t.Helper()
		p := h.s.fleet.get(0)
		local, err := os.ReadFile(h.o.Local)
		if err != nil {
			t.Fatal(err)
		}
		text, _, _ := strings.Cut(string(local), "sizes:")
		h.write(h.o.Local, text+"sizes: {v2: {memory: "+memory+"}}\n") // another size takes another instance
		if _, err := h.s.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		return p
	}
	old := smaller("300MiB")
	h.await("the drained instance ends", func() bool { return h.gone(old) })
	if all := h.deaths(); len(all) > 0 {
		t.Errorf("the normal end of a drain: %+v", all)
	}
	c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", h.port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
	h.await("a request is in progress", func() bool { return h.s.metricsLive() == 1 })
	time.Sleep(1200 * time.Millisecond) // a heartbeat
	old = smaller("400MiB")
	if err := syscall.Kill(old.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	h.await("the killed instance is noticed", func() bool { return h.gone(old) && len(h.deaths()) > 0 })
	all := h.deaths()
	if d := all[0]; len(all) != 1 || !d.Draining || d.Found || d.Signal != "SIGKILL" || d.Instance != "appgw_0" || d.PID != old.PID ||
		d.Connections != 1 || d.Seen <= 0 || d.Seen > 5*time.Second {
		t.Errorf("%+v", all)
	}
	close(h.slow)
	if n := len(h.s.fleet.all()); n != 1 || h.s.fleet.restarts(0) != 0 {
		t.Errorf("%d instances, %d restarts", n, h.s.fleet.restarts(0))
	}
}

// An instance that gets SIGTERM and has nothing to finish ends at once. That is no death, and another takes its place.
func TestEndOfAnIdleInstanceIsNoDeath(t *testing.T) {
	h := newHouse(t)
	h.start()
	p := h.s.fleet.get(0)
	if err := syscall.Kill(p.PID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	h.await("another serves", func() bool {
		now := h.s.fleet.get(0)
		return now != nil && now.PID != p.PID && now.Last().Revision > 0
	})
	_, loop := h.s.fleet.backoff(0)
	if all := h.deaths(); len(all) > 0 || h.s.fleet.restarts(0) != 0 || loop != 0 {
		t.Errorf("%+v, %d restarts, %d in a minute", all, h.s.fleet.restarts(0), loop)
	}
}
