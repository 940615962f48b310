package proxy

import (
	"testing"
	"time"

	"causeway/internal/conn"
	"causeway/internal/fault"
)

func TestRefused(t *testing.T) {
	onSockets(t, func(w *world) {
		a := w.member(answers(ok))
		w.start()
		a.stop()
		w.status(w.get("/"), 502)
		r := w.row(1)
		w.says(r, 502, fault.UpstreamClosed, "backend/connect/refused")
		if f := r.Fault; f.Errno != "ECONNREFUSED" {
			t.Errorf("errno %q", f.Errno)
		}
	})
}

// One that refuses is passed over, whatever the method; the failure that this hid is on record.
func TestRefusedThenNextMember(t *testing.T) {
	inTime(t, func(w *world) {
		a, b := w.member(answers(ok)), w.member(answers(ok))
		w.start()
		a.stop()
		n := 0
		for range 2 {
			c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
			w.status(c.answer("POST"), 200)
			if n++; len(w.row(n).Attempts) == 2 {
				w.tried(w.row(n), "backend/connect/refused", "ok")
			}
		}
		if got := len(b.heads()); got != 2 {
			t.Errorf("%d requests came through", got)
		}
	})
}

// The gateway tries three others at most.
func TestManyRefuse(t *testing.T) {
	inTime(t, func(w *world) {
		for range 6 {
			w.member(answers(ok)).stop()
		}
		w.start()
		w.status(w.get("/"), 502)
		if r := w.row(1); len(r.Attempts) != 4 {
			t.Errorf("%d attempts", len(r.Attempts))
		}
	})
}

// A member that refuses a new connection has lost the idle ones too: none of them is tried.
func TestPoolIsPurgedOnRefusal(t *testing.T) {
	inTime(t, func(w *world) {
		m := w.member(late)
		w.start()
		for range 3 { // at once, so that each has a connection of its own
			w.work.Go(func() { w.get("/") })
		}
		time.Sleep(30 * time.Second)
		if n := w.idle(); n != 3 {
			t.Fatalf("%d idle connections", n)
		}
		m.stop()
		for range 4 { // the fourth finds nothing idle, and is refused
			w.work.Go(func() { w.get("/") })
		}
		time.Sleep(time.Second)
		w.work.Go(func() { w.get("/") })
		time.Sleep(time.Second)
		if n := w.idle(); n != 0 {
			t.Errorf("%d idle connections after a refusal", n)
		}
		time.Sleep(time.Minute)
	})
}

func (w *world) idle() (n int) {
	w.engine.Each(func(h *conn.Loop) { n += h.Pool.Len() })
	return n
}

func TestFreshConnectionFails(t *testing.T) {
	f := func(serve func(*peer), want, errno string) {
		t.Helper()
		onSockets(t, func(w *world) {
			w.member(serve)
			w.start()
			w.status(w.get("/"), 502)
			r := w.row(1)
			w.says(r, 502, fault.UpstreamClosed, want)
			if r.Attempts[0].Reused || r.Fault.Reused || r.Fault.Errno != errno {
				t.Errorf("%+v", r.Fault)
			}
			if want != "backend/head/closed" && len(r.Attempts) != 1 {
				t.Errorf("%d attempts: a fresh connection that fails is not tried again", len(r.Attempts))
			}
		})
	}
	f(func(p *peer) { p.request() }, "backend/wait/closed", "")
	f(func(p *peer) { p.request(); p.reset() }, "backend/wait/reset", "ECONNRESET")
	f(func(p *peer) { p.request(); p.say("HTTP/1.1 200 OK\r\nConte") }, "backend/head/closed", "")
}

func TestEmptyPoolAndNobodyHealthy(t *testing.T) {
	inTime(t, func(w *world) {
		w.start()
		w.status(w.get("/"), 502)
		w.says(w.row(1), 502, fault.UpstreamNoLive, "gateway/pick/no-member")
	})
	inTime(t, func(w *world) {
		w.member(answers(ok))
		w.start()
		w.down(0)
		w.status(w.get("/"), 502)
		w.says(w.row(1), 502, fault.UpstreamNoLive, "gateway/pick/no-healthy")
	})
}

// The member's own errors pass unchanged, and are no fault of the gateway's.
func TestErrorsOfTheMember(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy"))
		w.start()
		r := w.get("/")
		if r.StatusCode != 503 || r.Status != "503 Busy" || r.Header.Get("Retry-After") != "7" || r.body != "busy" {
			t.Errorf("%v %q", r.Response, r.body)
		}
		row := w.row(1)
		if row.Status != 503 || row.Attempts[0].Status != 503 || row.ErrorInfo != fault.NoError {
			t.Errorf("%d, %d, %s", row.Status, row.Attempts[0].Status, row.ErrorInfo)
		}
	})
}

// The gateway's own errors carry a page, and no more than that.
func TestErrorPage(t *testing.T) {
	inTime(t, func(w *world) {
		w.start()
		c := w.client()
		r := c.say("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").answer("HEAD")
		if r.StatusCode != 502 || r.ContentLength <= 0 || r.Header.Get("Content-Type") != "text/html" {
			t.Errorf("%v", r.Response)
		}
		if r = c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET"); r.body != pages[502].body || r.Close {
			t.Errorf("%q, close %v", r.body, r.Close) // and the connection goes on
		}
	})
}

// Every status of a fault has a page.
func TestEveryStatusHasAPage(t *testing.T) {
	sides := []fault.Side{fault.Client, fault.Gateway, fault.Backend, fault.Network}
	kinds := []fault.Kind{
		fault.Closed, fault.Reset, fault.Refused, fault.Timeout, fault.Exhausted, fault.NoMember, fault.NoHealthy, fault.Malformed,
		fault.BadMethod, fault.MissingHost, fault.URITooLong, fault.TooLarge, fault.BodyTooBig, fault.Truncated, fault.Certificate,
		fault.Alerted,
		fault.NotTLS, fault.Panicked, fault.NoListener, fault.NoTarget, fault.Unsupported,
	}
	for _, s := range sides {
		for _, k := range kinds {
			for _, v1 := range []bool{true, false} {
				status := fault.Fault{Side: s, Phase: fault.Wait, Kind: k}.Status(v1)
				if status != 0 && status != fault.ClientGone && pages[status].body == "" {
					t.Errorf("%s %s: no page for %d", s, k, status)
				}
			}
		}
	}
}
