package proxy

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// loggingIn is a server that logs connections in, as NTLM and Negotiate do: a client that shows a name once is
// known on this connection from then on.
func loggingIn(scheme string) func(*peer) {
	return func(p *peer) {
		user := ""
		for p.request() {
			if a := p.m.last().Header.Get("Authorization"); strings.HasPrefix(a, scheme+" ") {
				user = strings.TrimPrefix(a, scheme+" ")
			}
			if user == "" {
				p.say("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\", " + scheme + "\r\nContent-Length: 2\r\n\r\nno")
				continue
			}
			p.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(user), user))
		}
	}
}

// Alice logs in, bob is 401: whatever the scheme is called, and however the login is recognised.
func TestLoginsStayWithTheirClient(t *testing.T) {
	f := func(scheme string, change func(w *world)) {
		t.Helper()
		inTime(t, func(w *world) {
			w.member(loggingIn(scheme))
			w.member(loggingIn(scheme)) // a second member knows nobody
			change(w)
			w.start()
			const ask = "GET / HTTP/1.1\r\nHost: a\r\n"
			bob, alice := w.client(), w.client()
			w.status(bob.say(ask+"\r\n").answer("GET"), 401)
			w.status(alice.say(ask+"Authorization: "+scheme+" alice\r\n\r\n").answer("GET"), 200)
			for range 3 {
				if r := alice.say(ask + "\r\n").answer("GET"); r.body != "alice" {
					t.Errorf("%s: alice is taken for %d %q", scheme, r.StatusCode, r.body)
				}
				for range 2 {
					w.status(bob.say(ask+"\r\n").answer("GET"), 401)
				}
				w.status(w.get("/"), 401)
			}
			alice.Close()
			w.settle()
			for range 4 {
				w.status(w.get("/"), 401)
			}
			if n := w.idle(); n != 0 {
				t.Errorf("%s: %d connections are there for everybody", scheme, n)
			}
		})
	}
	same := func(*world) {}
	f("NTLM", same)
	f("Negotiate", same)
	f("negotiate", same)
	f("NTLM", func(w *world) { w.v1() })
	f("Custom", func(w *world) { w.config.Settings[0].Dedicated = true })
}

// A reload keeps a login with its client, and a client that ends its connection with its last request takes it along.
func TestLoginsOverAReload(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(loggingIn("NTLM"))
		w.start()
		const ask = "GET / HTTP/1.1\r\nHost: a\r\n"
		alice, bob := w.client(), w.client()
		w.status(alice.say(ask+"Authorization: NTLM\talice\r\n\r\n").answer("GET"), 401) // a tab is a blank too: the connection is hers
		w.status(alice.say(ask+"Authorization: NTLM alice\r\n\r\n").answer("GET"), 200)
		w.start()
		if r := alice.say(ask + "\r\n").answer("GET"); r.body != "alice" {
			t.Errorf("after the reload alice is %q", r.body)
		}
		w.status(bob.say(ask+"\r\n").answer("GET"), 401)
		w.status(alice.say(ask+"Connection: close\r\n\r\n").answer("GET"), 200)
		for range 3 {
			w.status(w.get("/"), 401)
		}
		if w.idle() != 0 {
			t.Errorf("%d connections are there for everybody", w.idle())
		}
	})
}

// Schemes that travel with every request share connections as ever.
func TestRequestLoginsShareConnections(t *testing.T) {
	for _, field := range []string{"Authorization: Basic YTpi", "Authorization: Bearer ntlm", "X-Auth: NTLM x"} {
		inTime(t, func(w *world) {
			m := w.member(answers("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"negotiate\"\r\nContent-Length: 2\r\n\r\nno"))
			w.start()
			for range 3 {
				w.client().say("GET / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\n").answer("GET")
				synctest.Wait() // the answer is here before the member's connection is back
			}
			if m.connections() != 1 {
				t.Errorf("%s: %d connections", field, m.connections())
			}
		})
	}
}

// A connection of one's own that the member has closed costs no request.
func TestOwnConnectionGoesStale(t *testing.T) {
	inTime(t, func(w *world) {
		w.config.Settings[0].Dedicated = true
		m := w.member(func(p *peer) {
			p.request()
			p.say(ok)
		})
		w.start()
		c := w.client()
		for range 3 {
			w.status(c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET"), 200)
			time.Sleep(time.Second)
		}
		if m.connections() != 3 {
			t.Errorf("%d connections", m.connections())
		}
		if r := w.row(3); r.Attempts[0].Stale < 0 {
			t.Error("the record does not say that a connection was found closed")
		}
	})
}
