package proxy

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/conn"
	"causeway/internal/fault"
	"causeway/internal/gateway"
)

// On shutdown idle clients have a second for a last request, requests under way are answered, and connections close.
func TestDrain(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(late)
		w.start()
		idle := w.client()
		busy := w.client()
		last := w.client()
		idle.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET")
		last.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET")
		busy.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		time.Sleep(time.Second)
		ended := make(chan time.Duration)
		begin := time.Now()
		w.work.Go(func() {
			w.proxy.Shutdown(time.Now().Add(time.Minute))
			ended <- time.Since(begin)
		})
		time.Sleep(time.Second / 2)
		last.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n") // as if it had been on its way
		if got := idle.rest(); got != "" || time.Since(begin) != time.Second {
			t.Errorf("the idle client got %q after %v", got, time.Since(begin))
		}
		if r := busy.answer("GET"); r.StatusCode != 200 || !r.Close {
			t.Errorf("%d, close %v", r.StatusCode, r.Close)
		}
		if r := last.answer("GET"); r.StatusCode != 200 || !r.Close {
			t.Errorf("%d, close %v", r.StatusCode, r.Close)
		}
		if took := <-ended; took != 10500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

// What has not ended at the deadline is cut, on the gateway's own account.
func TestDrainDeadline(t *testing.T) {
	t.Parallel()
	for _, minor := range []string{"1", "0"} {
		onSockets(t, func(w *world) {
			w.member(silent)
			w.start()
			c := w.client().say("GET / HTTP/1." + minor + "\r\nHost: a\r\n\r\n")
			time.Sleep(50 * time.Millisecond)
			begin := time.Now()
			w.proxy.Shutdown(time.Now().Add(100 * time.Millisecond))
			if took := time.Since(begin); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
			if got := c.rest(); strings.Contains(got, "200") {
				t.Errorf("%q", got)
			}
			w.says(w.row(1), 502, fault.UpstreamClosed, "gateway/wait/closed")
		})
	}
}

// A listener that goes lets its clients finish; a request that crosses with the change is served as before, once.
func TestListenerGoes(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(late)
		w.config.FrontendPorts = append(w.config.FrontendPorts, gateway.FrontendPort{Name: "other", Port: 81})
		l, r := w.config.Listeners[0], w.config.Rules[0]
		l.Name, l.FrontendPort, r.Name, r.Listener, r.Priority = "second", "other", "second", "second", 200
		w.config.Listeners, w.config.Rules = append(w.config.Listeners, l), append(w.config.Rules, r)
		w.start()
		c := w.clientOf("public:81").say("GET /under-way HTTP/1.1\r\nHost: a\r\n\r\n")
		crossing := w.clientOf("public:81")
		crossing.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET")
		next := *w.config
		next.Listeners, next.Rules = next.Listeners[:1], next.Rules[:1]
		w.config = &next
		w.start()
		if got := crossing.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET"); got.StatusCode != 200 || !got.Close {
			t.Errorf("%d, close %v", got.StatusCode, got.Close)
		}
		w.proxy.Stop("public:81")(time.Now().Add(time.Minute))
		if got := c.answer("GET"); got.StatusCode != 200 {
			t.Error(got.StatusCode)
		}
		if _, err := w.mem.Dial(w.fronts["public:81"], time.Now().Add(time.Second)); err == nil {
			t.Error("it still accepts")
		}
		w.status(w.get("/"), 200)
	})
}

// A panic costs one connection: it is counted and on record, the member's connection is gone, and others go on.
func TestPanic(t *testing.T) {
	inTime(t, func(w *world) {
		m := w.member(answers(ok))
		w.start()
		stacks := make(chan string, 9)
		w.engine.Set(func(o *conn.Options) { o.Panic = func(v any, stack []byte) { stacks <- string(stack) } })
		c := w.client()
		c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET")
		set, table := w.set, w.proxy.State().Table
		broken := *w.proxy.State()
		broken.Table = nil // a defect
		w.proxy.state.Store(&broken)
		c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if got := c.rest(); !strings.Contains(got, "500 Internal") {
			t.Errorf("%q", got)
		}
		w.set = set
		w.proxy.Apply(table, w.local, 3)
		w.says(w.row(2), 500, fault.NoError, "gateway/route/panic")
		if got := <-stacks; !strings.Contains(got, ").route(") || len(stacks) > 0 {
			t.Errorf("%d more panics told, and %s", len(stacks), got)
		}
		w.status(w.get("/"), 200)
		if n := m.connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// The gateway's own answers say so too: a client that waits for more on the connection would wait in vain.
func TestOwnAnswerDuringADrainClosesTheConnection(t *testing.T) {
	inTime(t, func(w *world) {
		w.start() // no member: the gateway answers by itself
		c := w.client()
		if r := c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET"); r.StatusCode != 502 || r.Close {
			t.Errorf("before the drain: %d, close %v", r.StatusCode, r.Close)
		}
		w.work.Go(func() { w.proxy.Shutdown(time.Now().Add(time.Minute)) })
		time.Sleep(time.Second / 2)
		if r := c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET"); r.StatusCode != 502 || !r.Close {
			t.Errorf("during the drain: %d, close %v", r.StatusCode, r.Close)
		}
	})
}
