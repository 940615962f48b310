package proxy

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/certs/certstest"
	"causeway/internal/fault"
	"causeway/internal/gateway"
)

// Empty lines in front of a request are not its beginning: no clock runs, nothing is logged, and the connection is idle.
func TestBlankLinesAreIdle(t *testing.T) {
	for _, blank := range []string{"\r\n", "\r", "\r\n\r\n\r\n", "\r\n\r"} {
		inTime(t, func(w *world) {
			w.member(answers(ok))
			w.start()
			c := w.client().say(blank)
			time.Sleep(50 * time.Second)
			if strings.HasSuffix(blank, "\r") {
				c.say("\n")
			}
			w.status(c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET"), 200)
			if r := w.row(1); r.Taken > time.Second {
				t.Errorf("%q: the clock ran for %v", blank, r.Taken)
			}
			c.say(blank)
			begin := time.Now()
			if rest := c.rest(); rest != "" || (idleV2-time.Since(begin)).Abs() > 50*time.Millisecond {
				t.Errorf("%q: %q after %v", blank, rest, time.Since(begin))
			}
			if n := len(w.log.all()); n != 1 {
				t.Errorf("%q: %d records", blank, n)
			}
		})
	}
	inTime(t, func(w *world) { // it ends at once when the gateway does
		w.start()
		c := w.client().say("\r\n")
		time.Sleep(time.Second)
		begin := time.Now()
		w.proxy.Shutdown(time.Now().Add(time.Minute))
		if c.rest(); time.Since(begin) > 2*time.Second || len(w.log.all()) != 0 {
			t.Errorf("after %v, %d records", time.Since(begin), len(w.log.all()))
		}
	})
	inTime(t, func(w *world) { // a CR that ends no line is refused as ever, however it came
		w.start()
		for _, parts := range [][]string{{"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"}, {"\r", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"}} {
			c := w.client()
			for _, part := range parts {
				c.say(part)
				time.Sleep(time.Second)
			}
			w.status(c.answer("GET"), 400)
		}
	})
}

// What HTTP asks of a gateway's answers: an offer to change protocols stays with 426, a Date is there, white space before a
// colon is gone, and lengths are written anew.
func TestAnswersAreCompleted(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers("HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket, TLS/1.3\r\nX-Frame : deny\r\nContent-Length : 002\r\n\r\nno"))
		w.start()
		c := w.client()
		r := c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET")
		if r.StatusCode != 426 || r.Header.Get("Upgrade") != "websocket, TLS/1.3" ||
			!strings.EqualFold(r.Header.Get("Connection"), "upgrade") ||
			r.Header.Get("X-Frame") != "deny" || r.Header.Get("Content-Length") != "2" || r.body != "no" {
			t.Errorf("%v %q", r.Header, r.body)
		}
		if !strings.Contains(metricsText(t, w.metrics), "causeway_backend_spaced_colon_total 1") {
			t.Error("the spaced colon is not counted")
		}
		if at, err := time.Parse(time.RFC1123, r.Header.Get("Date")); err != nil || time.Since(at).Abs() > time.Second {
			t.Errorf("Date: %q", r.Header.Get("Date"))
		}
		w.row(1)
		old := w.client().say("GET / HTTP/1.0\r\n\r\n")
		if got := old.rest(); strings.Contains(got, "Upgrade:") {
			t.Errorf("HTTP/1.0 knows no upgrade: %q", got)
		}
	})
	inTime(t, func(w *world) {
		w.member(answers("HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nok"))
		w.start()
		r := w.get("/")
		if r.Header.Get("Upgrade") != "" || len(r.Header.Values("Date")) != 1 || r.Header.Get("Date")[:3] != "Thu" {
			t.Errorf("%v", r.Header)
		}
	})
}

func TestRequestLengthIsWrittenAnew(t *testing.T) {
	inTime(t, func(w *world) {
		var head string
		w.member(func(p *peer) {
			head = readHead(p)
			p.say(ok)
		})
		w.start()
		w.status(w.client().say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0010\r\n\r\n0123456789").answer("POST"), 200)
		if !strings.Contains(head, "\r\nContent-Length: 10\r\n") || strings.Count(head, "ontent-") != 1 {
			t.Errorf("%q", head)
		}
	})
}

// With logs.queries: drop no record holds a query, whatever became of the request.
func TestQueriesAreDropped(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers(ok))
		w.local.Logs.Queries = false
		w.start()
		for _, raw := range []string{
			"GET /a?secret HTTP/1.1\r\nHost: a\r\n\r\n",
			"GET http://a/a?secret HTTP/1.1\r\nHost: a\r\n\r\n",
			"TRACE /a?secret HTTP/1.1\r\nHost: a\r\n\r\n",
			"GET /a?secret HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
			"GET /a?secret HTTP/9.9\r\nHost: a\r\n\r\n",
			"GET /../a?secret HTTP/1.1\r\nHost: a\r\n\r\n",
			"GET /a?secret HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 70<<10) + "\r\n\r\n",
			"GET /a?secret\r\n\r\n",
		} {
			c := w.client().say(raw)
			c.answer("GET")
			c.Close()
		}
		w.row(8)
		for _, r := range w.log.all() {
			if line := string(r.Append(nil)); strings.Contains(line, "secret") {
				t.Errorf("%s", line)
			}
		}
	})
}

// The record of a session says who ended it, and how.
func TestEndOfAWebSocket(t *testing.T) {
	f := func(serve func(*peer), play func(c *client), by, how string) {
		t.Helper()
		inTime(t, func(w *world) {
			w.member(serve)
			w.start()
			c := w.client().say(hello)
			c.answerStream()
			c.expect("welcome ")
			play(c)
			r := w.row(1)
			w.says(r, 101, fault.NoError, "")
			if r.EndedBy != by || r.End != how || r.IdleEnd != (how == accesslog.EndIdle) {
				t.Errorf("ended by %q, %q; want %q, %q", r.EndedBy, r.End, by, how)
			}
		})
	}
	wait := func(*client) { time.Sleep(time.Minute) }
	greet := func(p *peer) {
		readHead(p)
		p.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nwelcome ")
	}
	f(echo, func(c *client) { c.Close() }, accesslog.EndClient, accesslog.EndClean)
	f(echo, func(c *client) { reset(c.Conn) }, accesslog.EndClient, accesslog.EndReset)
	f(greet, wait, accesslog.EndMember, accesslog.EndClean)
	f(func(p *peer) { greet(p); time.Sleep(time.Second); p.reset() }, wait, accesslog.EndMember, accesslog.EndReset)
	f(echo, wait, accesslog.EndGateway, accesslog.EndIdle)
}

// The clock of a session is monotonic: what the wall clock was when it began means nothing.
func TestSessionsOutliveAStepOfTheClock(t *testing.T) {
	for _, step := range []time.Duration{-time.Hour, time.Hour} {
		opened := time.Now()
		stepped(&opened, -step) // as if the clock had been moved by step since
		tun := tunnel{idle: time.Minute, opened: opened}
		tun.touch()
		if q := tun.quiet(); q < 0 || q > time.Second {
			t.Errorf("after a step of %v the session counts as silent for %v", step, q)
		}
	}
}

// One handshake may not serve a listener that asks for a stronger one: the request is misdirected.
func TestMisdirectedRequest(t *testing.T) {
	ca := certstest.NewAuthority(t, "test CA")
	onSockets(t, func(w *world) {
		m := w.member(answers(ok))
		w.secure(ca.Leaf("weak.example"))
		w.config.Listeners[0].HostNames = []string{"weak.example"}
		w.config.SSLProfiles = []gateway.SSLProfile{{Name: "strict", Policy: gateway.SSLPolicy{
			Type: "CustomV2", MinVersion: "TLSv1_3", CipherSuites: []string{"TLS_AES_256_GCM_SHA384"},
		}}}
		second, rule := w.config.Listeners[0], w.config.Rules[0]
		second.Name, second.HostNames, second.SSLProfile = "strong", []string{"strong.example"}, "strict"
		rule.Name, rule.Listener, rule.Priority = "strong", "strong", 200
		w.config.Listeners, w.config.Rules = append(w.config.Listeners, second), append(w.config.Rules, rule)
		w.start()
		ask := func(version uint16, sni, host string, want int) {
			t.Helper()
			c := w.client()
			secure := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true, ServerName: sni, MaxVersion: version})
			if err := secure.Handshake(); err != nil {
				t.Errorf("%s: %v", sni, err)
				return
			}
			over := &client{Conn: secure, r: bufioReader(secure), w: w}
			r := over.say("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n").answer("GET")
			if r.StatusCode != want || r.Close != (want == 421) {
				t.Errorf("handshake for %s at %s, request for %s: %d, close %v", sni, tls.VersionName(version), host, r.StatusCode, r.Close)
			}
		}
		ask(tls.VersionTLS12, "weak.example", "weak.example", 200)
		ask(tls.VersionTLS12, "weak.example", "strong.example", 421)
		ask(tls.VersionTLS13, "weak.example", "strong.example", 200)
		ask(tls.VersionTLS13, "strong.example", "weak.example", 200)
		if len(m.heads()) != 3 {
			t.Errorf("the member saw %v", m.heads())
		}
	})
}
