package proxy

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"causeway/internal/fault"
	"causeway/internal/telemetry"
)

// metricsText is what a scrape gets.
func metricsText(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	r := httptest.NewRecorder()
	promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{}).ServeHTTP(r, httptest.NewRequest("GET", "/metrics", nil))
	return r.Body.String()
}

// hangsUp passes its probes and closes every request unanswered.
func hangsUp(p *peer) { p.request() }

// A member that closes requests unanswered, three in a row, is held back; GETs go on elsewhere meanwhile, and its probes
// have no say in it. An answer clears its name.
func TestPassiveEjection(t *testing.T) {
	inTime(t, func(w *world) {
		bad := w.member(hangsUp)
		w.member(answers(ok))
		w.start()
		for range 40 {
			w.status(w.get("/"), 200)
		}
		if n := bad.connections(); n != ejectAfterFailures {
			t.Errorf("the member was asked %d times before it was held back", n)
		}
		synctest.Wait() // the last one is counted
		rows := w.log.all()
		ejected, held := 0, 0
		for _, r := range rows {
			for i := range r.Attempts {
				if r.Attempts[i].Ejected {
					ejected++
				}
			}
			if r.HeldBack == bad.name {
				held++
			}
		}
		if ejected != 1 || held == 0 {
			t.Errorf("%d ejections and %d requests steered away are in the records", ejected, held)
		}
		if text := metricsText(t, w.metrics); !strings.Contains(text, `causeway_ejections_total{pool="pool",settings="settings"} 1`) ||
			!strings.Contains(text, fmt.Sprintf(`causeway_ejection_avoided_total{pool="pool",settings="settings"} %d`, held)) {
			t.Errorf("the metrics do not count it:\n%s", text)
		}
		h := w.set.Health(w.config).Pools[0].Settings[0].Servers[0]
		if h.Health != "Up" || h.Causeway.HeldUntil == "" || h.Causeway.Ejections != 1 {
			t.Errorf("health says %+v %+v", h, h.Causeway)
		}
		for i, hold := range []time.Duration{10, 20, 40, 60, 60} { // seconds, doubled until an answer comes
			before := bad.connections()
			time.Sleep(hold*time.Second - time.Second)
			if w.get("/"); bad.connections() != before {
				t.Errorf("hold %d ended before %d s", i, hold)
			}
			time.Sleep(2 * time.Second)
			for range 10 {
				w.status(w.get("/"), 200)
			}
			if n := bad.connections() - before; n != ejectAfterFailures {
				t.Errorf("after hold %d it was asked %d times", i, n)
			}
		}
	})
}

const ejectAfterFailures = 3

func TestTheLastMemberIsNeverHeldBack(t *testing.T) {
	inTime(t, func(w *world) {
		bad := w.member(hangsUp)
		w.start()
		for range 10 {
			w.status(w.get("/"), 502)
		}
		if h := w.set.Health(w.config).Pools[0].Settings[0].Servers[0].Causeway; bad.connections() != 10 || h.Ejections != 0 ||
			h.HeldUntil != "" {
			t.Errorf("asked %d times, %+v", bad.connections(), h)
		}
	})
	inTime(t, func(w *world) { // two that both fail: one of them goes on
		a, b := w.member(hangsUp), w.member(hangsUp)
		w.start()
		for range 20 {
			w.status(w.get("/"), 502)
		}
		servers := w.set.Health(w.config).Pools[0].Settings[0].Servers
		if held := servers[0].Causeway.HeldUntil != "" &&
			servers[1].Causeway.HeldUntil != ""; a.connections()+b.connections() < 20 || held {
			t.Errorf("asked %d and %d times, both held back: %v", a.connections(), b.connections(), held)
		}
	})
}

// Failures that are not the member's, not in a row or not within ten seconds hold no member back.
func TestNoEjection(t *testing.T) {
	f := func(what string, serve func(*peer), change func(w *world), pause time.Duration) {
		t.Helper()
		inTime(t, func(w *world) {
			m := w.member(serve)
			w.member(answers(ok))
			change(w)
			w.start()
			for range 12 {
				w.get("/")
				synctest.Wait() // the answer is here before the member is judged
				time.Sleep(pause)
			}
			if h := w.set.Health(w.config).Pools[0].Settings[0].Servers[0]; h.Causeway.Ejections != 0 || m.connections() == 0 {
				t.Errorf("%s: held back %d times", what, h.Causeway.Ejections)
			}
		})
	}
	same := func(*world) {}
	f("off", hangsUp, func(w *world) { w.local.PassiveEjection = false }, 0)
	f("more than ten seconds", hangsUp, same, 6*time.Second)
	n := 0
	f("an answer between", func(p *peer) {
		if n++; n%3 == 0 {
			p.request()
			p.say("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		p.request()
	}, same, 0)
	f("a request timeout", silent, func(w *world) { w.config.Settings[0].RequestTimeout = 1 }, 0)
	f("idle connections that closed", func(p *peer) { p.request(); p.say(ok) }, same, 3*time.Second)
}

// A fresh connection closes before any byte of an answer: GET, HEAD and OPTIONS go to one other member; no other method
// does, and none goes to a third.
func TestSafeRequestsAreAskedOnceMore(t *testing.T) {
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "OPTIONS": 200, "PUT": 502, "DELETE": 502, "POST": 502} {
		inTime(t, func(w *world) {
			w.member(answers(ok))
			bad := w.member(hangsUp)
			w.start()
			w.status(w.client().say(method+" / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").answer(method), want)
			if r := w.row(1); want == 200 {
				w.says(r, 200, fault.NoError, "")
				w.tried(r, "backend/wait/closed", "ok")
			} else {
				w.tried(r, "backend/wait/closed")
			}
			if bad.connections() != 1 {
				t.Errorf("%s: asked %d times", method, bad.connections())
			}
		})
	}
	inTime(t, func(w *world) { // nobody else is there to ask
		w.member(hangsUp)
		w.start()
		w.status(w.get("/"), 502)
		w.tried(w.row(1), "backend/wait/closed")
	})
	inTime(t, func(w *world) { // a byte of an answer is an answer
		w.member(answers(ok))
		w.member(func(p *peer) { p.request(); p.say("H") })
		w.start()
		w.status(w.get("/"), 502)
		w.tried(w.row(1), "backend/head/closed")
	})
}
