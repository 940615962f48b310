package proxy

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/conn"
	"causeway/internal/fault"
)

// A client may be silent between two requests for 75 s on v2 and for 120 s on v1; then the gateway closes.
func TestClientIdleLimit(t *testing.T) {
	f := func(v1 bool, limit time.Duration) {
		inTime(t, func(w *world) {
			if v1 {
				w.v1()
			}
			w.member(answers(ok))
			w.start()
			c := w.client()
			ask := func() {
				c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET")
			}
			ask()
			time.Sleep(limit - time.Second)
			ask()
			begin := time.Now()
			c.rest()
			if took := time.Since(begin); took != limit {
				t.Errorf("v1 %v: closed after %v, want %v", v1, took, limit)
			}
			w.row(2)
		})
	}
	f(false, 75*time.Second)
	f(true, 120*time.Second)
}

// closesAfter is a server with a keep-alive limit: it serves, and closes what has been idle for that long.
func closesAfter(limit time.Duration, head string) func(*peer) {
	return func(p *peer) {
		for {
			p.SetReadDeadline(time.Now().Add(limit))
			if _, err := p.Peek(1); err != nil {
				return
			}
			p.SetReadDeadline(time.Time{})
			if !p.request() {
				return
			}
			p.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + head + "\r\nok")
		}
	}
}

const oneWay = 15 * time.Millisecond

// idleRace sends one request, waits until the connection to the member has been idle for a gap, and sends another. The
// row of that one is returned.
func idleRace(w *world, method string, limit, gap time.Duration) accesslog.Record {
	w.mem.Latency = oneWay
	w.member(closesAfter(limit, ""))
	w.start()
	c := w.client()
	request := method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
	w.status(c.say(request).answer(method), 200)
	// The answer left the gateway one latency before the client had it, and a request needs one to get there.
	time.Sleep(gap - 2*oneWay)
	c.say(request).answer(method)
	return w.row(2)
}

// The member closes a connection that has been idle for T. Its clock starts half a round trip before the gateway's, and a
// request needs another half to get there; so one that leaves at an idle age in (T-RTT, T) crosses the close on its way
// and fails. Below it arrives in time, above the gateway has seen the close.
func TestIdleRace(t *testing.T) {
	const limit = 400 * time.Millisecond
	const rtt = 2 * oneWay
	f := func(method string, gap time.Duration, status int, attempts ...string) {
		t.Helper()
		inTime(t, func(w *world) {
			w.local.KeepAliveHint = "ignore"
			r := idleRace(w, method, limit, gap)
			if r.Status != status {
				t.Errorf("%s after %v: %d, want %d", method, gap, r.Status, status)
			}
			w.tried(r, attempts...)
			if status == 502 {
				w.says(r, 502, fault.UpstreamClosed, word(r.Fault))
				if a := r.Attempts[0]; !a.Reused || a.Uses != 1 || a.Idle != gap || !a.Fault.Reused {
					t.Errorf("the failed attempt: %+v", a)
				}
			}
		})
	}
	below, first, last, above := limit-rtt-time.Millisecond, limit-rtt+time.Millisecond, limit-time.Millisecond, limit+time.Millisecond
	f("POST", below, 200, "ok")
	f("POST", first, 502, "backend/wait/closed")
	f("POST", last, 502, "backend/wait/closed")
	f("POST", above, 200, "ok")
	f("PUT", first, 200, "backend/wait/closed", "ok")
	f("GET", below, 200, "ok")
	f("GET", first, 200, "backend/wait/closed", "ok")
	f("GET", last, 200, "backend/wait/closed", "ok")
	f("GET", above, 200, "ok")
}

// Above the window the gateway sees the close before it uses the connection, and says so.
func TestStaleConnectionIsSeen(t *testing.T) {
	inTime(t, func(w *world) {
		w.local.KeepAliveHint = "ignore"
		r := idleRace(w, "POST", 400*time.Millisecond, 450*time.Millisecond)
		if a := r.Attempts[0]; a.Reused || a.Stale != 450*time.Millisecond {
			t.Errorf("reused %v, stale %v", a.Reused, a.Stale)
		}
	})
}

// A recovered failure is counted: hiding a fault is not curing it.
func TestRecoveredFailureIsCounted(t *testing.T) {
	inTime(t, func(w *world) {
		w.local.KeepAliveHint = "ignore"
		idleRace(w, "GET", 400*time.Millisecond, 390*time.Millisecond)
		if got := w.metric(`causeway_recovered_total`); got != 1 {
			t.Errorf("recovered: %v", got)
		}
	})
}

// metric is the sum over all labels of a counter.
func (w *world) metric(name string) (sum float64) {
	families, err := w.metrics.Registry.Gather()
	if err != nil {
		w.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.Metric {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// The gateway does not use a connection beyond the limit that its server announces, less a margin. Configured
// to ignore announcements, it does as Azure does.
func TestKeepAliveHint(t *testing.T) {
	f := func(hint string, gap time.Duration, connections int) {
		t.Helper()
		inTime(t, func(w *world) {
			w.local.KeepAliveHint = hint
			m := w.member(closesAfter(time.Minute, "Keep-Alive: timeout=5\r\n"))
			w.start()
			w.get("/")
			time.Sleep(gap)
			w.get("/")
			if n := m.connections(); n != connections {
				t.Errorf("%s after %v: %d connections, want %d", hint, gap, n, connections)
			}
			if r := w.row(2); r.Attempts[0].Hint != 5*time.Second {
				t.Errorf("hint %v on record", r.Attempts[0].Hint)
			}
			if h := w.set.Groups()[0].Members()[0].Hint(); h != 5*time.Second {
				t.Errorf("hint %v at the member", h)
			}
		})
	}
	f("honour", 3*time.Second, 1)
	f("honour", 4500*time.Millisecond, 2)
	f("ignore", 4500*time.Millisecond, 1)
	f("ignore", 30*time.Second, 1)
}

func TestIdleLimitOfAConnection(t *testing.T) {
	f := func(hint, limit time.Duration, honour bool, want time.Duration) {
		t.Helper()
		if got := idleLimit(hint, limit, honour); got != want {
			t.Errorf("hint %v, limit %v, honour %v: %v, want %v", hint, limit, honour, got, want)
		}
	}
	f(0, time.Minute, true, time.Minute)
	f(-1, time.Minute, true, time.Minute)
	f(5*time.Second, time.Minute, true, 4*time.Second)
	f(time.Second, time.Minute, true, 500*time.Millisecond)
	f(5*time.Minute, time.Minute, true, time.Minute)
	f(5*time.Second, time.Minute, false, time.Minute)
}

func TestBackendIdleTimeout(t *testing.T) {
	inTime(t, func(w *world) {
		w.local.BackendIdleTimeout = 10 * time.Second
		m := w.member(answers(ok))
		w.start()
		w.get("/")
		time.Sleep(9 * time.Second)
		w.get("/")
		if m.connections() != 1 {
			t.Error("not reused within the limit")
		}
		time.Sleep(11 * time.Second)
		w.get("/")
		if m.connections() != 2 {
			t.Error("reused beyond the limit")
		}
	})
}

// A member that announces the end of its connection gets no other request on it, even if it leaves it open.
func TestConnectionCloseOfAMember(t *testing.T) {
	inTime(t, func(w *world) {
		m := w.member(answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"))
		w.start()
		w.get("/")
		w.get("/")
		if n := m.connections(); n != 2 {
			t.Errorf("%d connections, want 2", n)
		}
	})
}

// A member that refuses a new connection has lost the old ones too: none of the idle ones is used again.
func TestRefusalEmptiesThePool(t *testing.T) {
	inTime(t, func(w *world) {
		m := w.member(func(p *peer) {
			if p.request() {
				time.Sleep(time.Second) // so that two requests at once need two connections
				p.say(ok)
			}
			if p.request() {
				p.reset()
			}
		})
		w.start()
		resting := func() (n int) {
			w.engine.Each(func(h *conn.Loop) { n += h.Pool.Len() })
			return n
		}
		a, b := w.client().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), w.client().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		a.answer("GET")
		b.answer("GET")
		w.row(2)
		if n := resting(); n != 2 {
			t.Fatalf("%d connections rest, want 2", n)
		}
		m.stop()
		w.status(a.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET"), 502)
		w.tried(w.row(3), "backend/wait/reset", "backend/connect/refused")
		if n := resting(); n != 0 {
			t.Errorf("%d connections rest after the refusal", n)
		}
	})
}
