package proxy

import (
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"causeway/internal/fault"
)

// Whatever two servers could read differently is refused, and no member hears of it.
func TestAmbiguousRequests(t *testing.T) {
	inTime(t, func(w *world) {
		m := w.member(answers(ok))
		w.start()
		n := 0
		f := func(what, raw string, status int, info string) {
			t.Helper()
			c := w.client()
			c.say(raw)
			r := c.answer("GET")
			if r.StatusCode != status || !r.Close {
				t.Errorf("%s: %d, close %v; want %d and a close", what, r.StatusCode, r.Close, status)
			}
			if rest := c.rest(); rest != "" {
				t.Errorf("%s: and then %q", what, rest)
			}
			c.Close()
			n++
			if r := w.row(n); r.Status != status || r.ErrorInfo != info {
				t.Errorf("%s: the record says %d %s, want %s", what, r.Status, r.ErrorInfo, info)
			}
		}
		const get = "GET / HTTP/1.1\r\n"
		const post = "POST / HTTP/1.1\r\nHost: a\r\n"
		f("bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400, fault.InvalidRequest)
		f("bare CR", get+"Host: a\r\nX: a\rb\r\n\r\n", 400, fault.InvalidRequest)
		f("NUL", get+"Host: a\r\nX: a\x00b\r\n\r\n", 400, fault.InvalidRequest)
		f("obs-fold", get+"Host: a\r\nX: a\r\n b\r\n\r\n", 400, fault.InvalidRequest)
		f("space before the colon", get+"Host: a\r\nContent-Length : 3\r\n\r\nabc", 400, fault.InvalidRequest)
		f("two lengths", post+"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, fault.InvalidLength)
		f("a list of lengths", post+"Content-Length: 3, 3\r\n\r\nabc", 400, fault.InvalidLength)
		f("negative length", post+"Content-Length: -3\r\n\r\nabc", 400, fault.InvalidLength)
		f("signed length", post+"Content-Length: +3\r\n\r\nabc", 400, fault.InvalidLength)
		f("length and coding", post+"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, fault.InvalidLength)
		f("coding and length", post+"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400, fault.InvalidLength)
		f("another coding", post+"Transfer-Encoding: gzip\r\n\r\n", 400, fault.InvalidRequest)
		f("coding on top", post+"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, fault.InvalidRequest)
		f("chunked twice", post+"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, fault.InvalidRequest)
		f("chunked in disguise", post+"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400, fault.InvalidRequest)
		f("coding on HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, fault.InvalidRequest)
		f("bad chunk size", post+"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400, fault.InvalidRequest)
		f("chunk size with a sign", post+"Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", 400, fault.InvalidRequest)
		f("chunk with a bare LF", post+"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 400, fault.InvalidRequest)
		f("chunk longer than it says", post+"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400, fault.InvalidRequest)
		f("no Host", get+"\r\n", 400, fault.NoHostHeader)
		f("two Hosts", get+"Host: a\r\nHost: b\r\n\r\n", 400, fault.InvalidHost)
		f("two colons in Host", get+"Host: a:1:2\r\n\r\n", 400, fault.InvalidHost)
		f("bad version", "GET / HTTP/0.3\r\nHost: a\r\n\r\n", 400, fault.InvalidVersion)
		f("HTTP/0.9", "GET /\r\n\r\n", 400, fault.Invalid09)
		f("bad method", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, fault.InvalidMethod)
		f("bad target", "GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400, fault.URIInvalid)
		f("two Authorizations", get+"Host: a\r\nAuthorization: x\r\nAuthorization: y\r\n\r\n", 400, fault.InvalidRequest)
		f("not HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and more\r\n\r\n", 400, fault.InvalidMethod)
		f("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, fault.InvalidTrace)
		f("TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, fault.InvalidTrace)
		f("long target", "GET /"+strings.Repeat("x", 33<<10)+" HTTP/1.1\r\nHost: a\r\n\r\n", 414, fault.URIInvalid)
		f("large head", get+"Host: a\r\nX: "+strings.Repeat("x", 70<<10)+"\r\n\r\n", 431, fault.InvalidRequest)
		f("many fields", get+"Host: a\r\n"+strings.Repeat("X: y\r\n", 201)+"\r\n", 431, fault.InvalidRequest)
		f("large body", post+"Content-Length: 5000000000\r\n\r\n", 413, fault.InvalidRequest)
		if m.connections() != 0 {
			t.Errorf("the member was bothered %d times: %v", m.connections(), m.heads())
		}
	})
}

// A chunked body that goes wrong after it has begun costs the member one aborted request, never a wrong one.
func TestChunkedBodyBreaksLater(t *testing.T) {
	inTime(t, func(w *world) {
		m := w.member(answers(ok))
		w.start()
		c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
		time.Sleep(time.Second)
		c.say("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
		w.status(c.answer("POST"), 400)
		w.says(w.row(1), 400, fault.InvalidRequest, "client/upload/malformed")
		w.settle()
		if h := m.heads(); len(h) != 1 || h[0] != "POST /" {
			t.Errorf("the member saw %v", h)
		}
	})
}

func TestPipelining(t *testing.T) {
	inTime(t, func(w *world) {
		m := w.member(func(p *peer) {
			for n := 0; p.request(); n++ {
				time.Sleep(time.Duration(3-n) * time.Second) // the first is the slowest
				p.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + p.m.last().RequestURI[1:])
			}
		})
		w.start()
		c := w.client()
		c.say("GET /a HTTP/1.1\r\nHost: a\r\n\r\nPOST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nGETGET /c HTTP/1.1\r\nHost: a\r\n\r\n" +
			"POST /d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\n\r\nGET /e HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /f")
		for _, want := range []string{"a", "b", "c", "d", "e"} {
			if r := c.answer("GET"); r.body != want {
				t.Errorf("%q, want %q", r.body, want)
			}
		}
		if rest := c.rest(); rest != "" {
			t.Errorf("then %q", rest)
		}
		if got := strings.Join(m.heads(), " "); got != "GET /a POST /b GET /c POST /d GET /e" {
			t.Error(got)
		}
		if m.connections() != 1 {
			t.Errorf("%d connections", m.connections())
		}
		for i, r := range w.log.all() {
			if r.ClientUses != i+1 || r.ClientSerial != w.log.all()[0].ClientSerial {
				t.Errorf("request %d is number %d of connection %d", i+1, r.ClientUses, r.ClientSerial)
			}
		}
	})
}

// What lies behind a body that streamed by is the next request, whole or not.
func TestPipelinedBehindAStreamedBody(t *testing.T) {
	const next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
	for _, cut := range []int{len(next), 10} {
		inTime(t, func(w *world) {
			m := w.member(answers(ok))
			w.start()
			c := w.client().say("POST /first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
			time.Sleep(time.Second)
			c.say("3\r\ndef\r\n0\r\n\r\n" + next[:cut])
			w.status(c.answer("POST"), 200)
			c.say(next[cut:])
			if r := c.answer("GET"); r.StatusCode != 200 || r.Close {
				t.Errorf("%d, close %v", r.StatusCode, r.Close)
			}
			if got := strings.Join(m.heads(), " "); got != "POST /first GET /next" || m.connections() != 1 {
				t.Errorf("%s on %d connections", got, m.connections())
			}
			w.says(w.row(2), 200, fault.NoError, "")
		})
	}
}

// A head may come a byte at a time, and a request split anywhere.
func TestSplitAnywhere(t *testing.T) {
	const raw = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: v\r\n\r\n"
	inTime(t, func(w *world) {
		m := w.member(answers(ok))
		w.start()
		for i := 1; i < len(raw); i++ {
			c := w.client().say(raw[:i])
			time.Sleep(time.Second)
			c.say(raw[i:])
			w.status(c.answer("POST"), 200)
			c.Close()
			if r := m.last(); r.body != "hello" || r.Trailer.Get("T") != "v" {
				t.Fatalf("split at %d: %q %v", i, r.body, r.Trailer)
			}
		}
	})
}

func TestChunkedBothWays(t *testing.T) {
	inTime(t, func(w *world) {
		m := w.member(answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\nSum: 7\r\n\r\n"))
		w.start()
		c := w.client()
		for range 2 {
			c.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\nX-Sum: 9\r\nContent-Length: 7\r\n\r\n")
			r := c.answer("POST")
			if r.body != "hello!" || r.Trailer.Get("Sum") != "7" {
				t.Errorf("%q, trailers %v", r.body, r.Trailer)
			}
			if got := m.last(); got.body != "abcdef" || got.Trailer.Get("X-Sum") != "9" || got.Trailer.Get("Content-Length") != "" {
				t.Errorf("the member got %q, trailers %v", got.body, got.Trailer)
			}
		}
		if m.connections() != 1 {
			t.Errorf("%d connections to the member", m.connections())
		}
	})
}

// Without a body, whatever the head says: the connection stays in step.
func TestAnswersWithoutBody(t *testing.T) {
	f := func(method, answer string, check func(r response) bool) {
		t.Helper()
		inTime(t, func(w *world) {
			m := w.member(answers(answer))
			w.start()
			c := w.client()
			for range 2 {
				r := c.say(method + " / HTTP/1.1\r\nHost: a\r\n\r\n").answer(method)
				if r.body != "" || !check(r) {
					t.Errorf("%s: %v", method, r.Response)
				}
			}
			if m.connections() != 1 {
				t.Errorf("%s %q: %d connections", method, answer, m.connections())
			}
		})
	}
	f("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", func(r response) bool { return r.Header.Get("Content-Length") == "1234" })
	f("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", func(r response) bool { return true })
	f("GET", "HTTP/1.1 204 No Content\r\n\r\n", func(r response) bool { return r.Header.Get("Content-Length") == "" })
	f("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", func(r response) bool { return r.Header.Get("Content-Length") == "" })
	f("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nEtag: x\r\n\r\n",
		func(r response) bool { return r.Header.Get("Etag") == "x" })
	f("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", func(r response) bool { return true })
}

// What lies behind a response belongs to no request: the connection is given up.
func TestLeftoverBytesAreNeverUsed(t *testing.T) {
	f := func(method, answer string) {
		t.Helper()
		inTime(t, func(w *world) {
			m := w.member(answers(answer))
			w.start()
			c := w.client()
			for range 2 {
				if r := c.say(method + " / HTTP/1.1\r\nHost: a\r\n\r\n").answer(method); r.StatusCode != 200 && r.StatusCode != 204 {
					t.Errorf("%q: %d", answer, r.StatusCode)
				}
			}
			if m.connections() != 2 {
				t.Errorf("%q: %d connections, want 2", answer, m.connections())
			}
		})
	}
	const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
	f("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"+evil)
	f("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"+evil)
	f("GET", "HTTP/1.1 204 No Content\r\n\r\n"+evil)
	f("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")
	// a head that announces what it may not have: what follows may be a body or a response
	f("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n")
	f("GET", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n")
	inTime(t, func(w *world) { // the same in an interim response
		m := w.member(answers("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n" + ok))
		w.start()
		for range 2 {
			w.client().say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").rest()
		}
		if m.connections() != 2 {
			t.Errorf("a body of an interim response may lie on the connection, and it was used again")
		}
	})
	inTime(t, func(w *world) { // they come late
		m := w.member(func(p *peer) {
			for p.request() {
				p.say(ok)
				time.Sleep(time.Second)
				p.say(evil)
			}
		})
		w.start()
		w.get("/")
		time.Sleep(2 * time.Second)
		if r := w.get("/"); r.body != "ok" || m.connections() != 2 {
			t.Errorf("%q on connection %d", r.body, m.connections())
		}
	})
}

// Responses that two readers could read differently are 502, and the connection is closed.
func TestAmbiguousResponses(t *testing.T) {
	f := func(answer, want string) {
		t.Helper()
		inTime(t, func(w *world) {
			m := w.member(answers(answer))
			w.start()
			for range 2 {
				w.status(w.get("/"), 502)
			}
			r := w.row(2)
			w.says(r, 502, fault.UpstreamClosed, want)
			if m.connections() != 2 {
				t.Errorf("%q: the connection was used again", answer)
			}
		})
	}
	const head = "HTTP/1.1 200 OK\r\n"
	f(head+"Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk", "backend/head/ambiguous")
	f(head+"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", "backend/head/ambiguous")
	f(head+"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "backend/head/ambiguous")
	f(head+"Transfer-Encoding: gzip\r\n\r\nxx", "backend/head/ambiguous")
	f(head+"Content-Length: -2\r\n\r\nok", "backend/head/ambiguous")
	f(head+"Content-Length : 2\r\nContent-Length: 3\r\n\r\nokk", "backend/head/ambiguous")
	f(head+"Transfer-Encoding : chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", "backend/head/ambiguous")
	f(head+" X: y\r\nContent-Length: 2\r\n\r\nok", "backend/head/malformed")
	f(head+"X y: z\r\nContent-Length: 2\r\n\r\nok", "backend/head/malformed")
	f(head+"X: a\x00b\r\nContent-Length: 2\r\n\r\nok", "backend/head/malformed")
	f("HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", "backend/head/bad-status")
	f("HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "backend/head/bad-status")
	f("SSH-2.0-OpenSSH_9.6\r\n\r\n", "backend/head/not-http")
	f("\x15\x03\x01\x00\x02\x02\x46\r\n", "backend/head/not-http")         // a TLS alert
	f("\x00\x00\x12\x04\x00\x00\x00\x00\x00\r\n", "backend/head/not-http") // SETTINGS of HTTP/2
	f(head+"X: "+strings.Repeat("x", 40<<10)+"\r\n\r\n", "backend/head/too-large")
	f(head+strings.Repeat("X: y\r\n", 300)+"\r\n", "backend/head/too-large")
	f(head+"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "backend/body/malformed")
	f("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", "backend/head/bad-interim")
}

// Any number of interim responses is passed on, and the record counts them.
func TestManyInterimResponses(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers(strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 500) + ok))
		w.start()
		c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if got := c.rest(); strings.Count(got, "103 Early") != 500 || !strings.Contains(got, "200 OK") {
			t.Errorf("%d of 500 in %d bytes", strings.Count(got, "103 Early"), len(got))
		}
		r := w.row(1)
		w.says(r, 200, fault.NoError, "")
		if r.Attempts[0].Interim != 500 {
			t.Errorf("the record counts %d", r.Attempts[0].Interim)
		}
	})
}

// A member that says 102 now and then is at work: the request timeout runs from one sign of life to the next.
func TestInterimResponsesKeepARequestAlive(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(func(p *peer) {
			for p.request() {
				for range 6 {
					time.Sleep(15 * time.Second)
					p.say("HTTP/1.1 102 Processing\r\n\r\n")
				}
				time.Sleep(15 * time.Second)
				p.say(ok)
			}
		})
		w.start()
		c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if got := c.rest(); strings.Count(got, "102 Proc") != 6 || !strings.Contains(got, "200 OK") {
			t.Errorf("%q", got)
		}
		if r := w.row(1); r.Attempts[0].Wait != 105*time.Second {
			t.Errorf("the record's wait is %v", r.Attempts[0].Wait)
		}
	})
}

// What no honest server sends is bounded, and the limit is named as the gateway's own.
func TestEndlessInterimResponses(t *testing.T) {
	f := func(answer, detail string) {
		t.Helper()
		inTime(t, func(w *world) {
			w.member(answers(answer))
			w.start()
			c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			if got := c.rest(); !strings.Contains(got, "502 Bad Gateway") {
				t.Errorf("%d bytes and no 502", len(got))
			}
			r := w.row(1)
			w.says(r, 502, fault.UpstreamClosed, "gateway/head/bad-interim")
			if !strings.Contains(r.Fault.Detail, detail) {
				t.Errorf("detail %q", r.Fault.Detail)
			}
		})
	}
	f(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1002), "a second")
	f(strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: "+strings.Repeat("x", 30<<10)+"\r\n\r\n", 150), "4 MiB")
}

// A bare LF is a harmless mistake of the server: the gateway accepts, corrects and counts it.
func TestBareLFResponse(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers("HTTP/1.1 200 OK\nContent-Length: 2\nX: y\n\nok"))
		w.start()
		c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if got := c.rest(); !strings.Contains(got, "\r\nX: y\r\n") || strings.Contains(strings.ReplaceAll(got, "\r\n", ""), "\n") {
			t.Errorf("%q", got)
		}
		w.row(1)
		if n := w.metric("causeway_backend_bare_lf_total"); n != 1 {
			t.Errorf("counted %v", n)
		}
	})
}

func TestExpectContinue(t *testing.T) {
	for _, size := range []string{"5", "100000"} {
		inTime(t, func(w *world) {
			m := w.member(answers(ok))
			w.start()
			c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " + size + "\r\n\r\n")
			if r := c.answer("POST"); r.StatusCode != 100 {
				t.Fatal(r.StatusCode)
			}
			body := strings.Repeat("x", map[string]int{"5": 5, "100000": 100000}[size])
			w.status(c.say(body).answer("POST"), 200)
			if got := m.last(); got.body != body || got.Header.Get("Expect") != "" {
				t.Errorf("%d bytes, Expect %q", len(got.body), got.Header.Get("Expect"))
			}
		})
	}
}

// A client that will get 413 gets no 100 Continue.
func TestExpectContinueIsNotPromisedInVain(t *testing.T) {
	inTime(t, func(w *world) {
		w.start()
		c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000000000\r\n\r\n")
		w.status(c.answer("POST"), 413)
	})
}

func TestInterimResponses(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok))
		w.start()
		c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if r := c.answer("GET"); r.StatusCode != 103 || r.Header.Get("Link") != "</a>" {
			t.Errorf("first came %v", r.Response)
		}
		w.status(c.answer("GET"), 200)
		old := w.client().say("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
		if r := old.answer("GET"); r.StatusCode != 200 {
			t.Errorf("HTTP/1.0 was given %d", r.StatusCode)
		}
	})
}

// An interim response shows that the member has begun: what it breaks off then is not done again.
func TestClosedAfterInterim(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(func(p *peer) {
			p.request()
			p.say(ok)
			p.request()
			p.say("HTTP/1.1 103 Early Hints\r\n\r\n")
		})
		w.start()
		w.status(w.get("/"), 200)
		w.row(1)
		c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		c.answer("GET")
		w.status(c.answer("GET"), 502)
		w.says(w.row(2), 502, fault.UpstreamClosed, "backend/head/closed")
	})
}

func TestHTTP10Client(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: v\r\n\r\n"))
		w.start()
		c := w.client().say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
		got := c.rest() // the end of the connection is the end of the body
		head, body, _ := strings.Cut(got, "\r\n\r\n")
		if body != "hello" || strings.Contains(head, "chunked") || !strings.Contains(head, "Connection: close") {
			t.Errorf("%q", got)
		}
	})
	inTime(t, func(w *world) {
		w.member(answers(ok))
		w.start()
		c := w.client()
		for range 2 { // with a length its connection may stay
			r := c.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").answer("GET")
			if r.body != "ok" || r.Header.Get("Connection") != "keep-alive" {
				t.Errorf("%q %v", r.body, r.Header)
			}
		}
		c.say("GET / HTTP/1.0\r\n\r\n")
		if got := c.rest(); !strings.HasSuffix(got, "ok") {
			t.Errorf("%q", got)
		}
		if r := w.row(3); r.Version != "HTTP/1.0" {
			t.Error(r.Version)
		}
	})
}

// A member of HTTP/1.0 ends its body with the connection.
func TestBodyUntilClose(t *testing.T) {
	onSockets(t, func(w *world) {
		w.member(func(p *peer) {
			p.request()
			p.say("HTTP/1.0 200 OK\r\n\r\nall there is")
		})
		w.start()
		for range 2 {
			r := w.get("/")
			if r.body != "all there is" || !r.Close || r.err != nil {
				t.Errorf("%q, close %v, %v", r.body, r.Close, r.err)
			}
		}
		w.says(w.row(2), 200, fault.NoError, "")
	})
}

// A reset in such a body is a failure, and the client learns of it by a reset of its own.
func TestResetInBodyUntilClose(t *testing.T) {
	onSockets(t, func(w *world) {
		w.member(func(p *peer) {
			p.request()
			p.say("HTTP/1.0 200 OK\r\n\r\nhalf")
			time.Sleep(50 * time.Millisecond)
			p.reset()
		})
		w.start()
		c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if _, err := io.ReadAll(c.r); err == nil {
			t.Error("the client takes half for the whole")
		}
		w.says(w.row(1), 200, fault.UpstreamClosed, "backend/body/reset")
	})
}

func TestBodyCutShort(t *testing.T) {
	for _, answer := range []string{"Content-Length: 10\r\n\r\nhalf.", "Transfer-Encoding: chunked\r\n\r\n5\r\nhalf.\r\n"} {
		onSockets(t, func(w *world) {
			w.member(func(p *peer) {
				p.request()
				p.say("HTTP/1.1 200 OK\r\n" + answer)
			})
			w.start()
			if r := w.get("/"); r.err == nil {
				t.Errorf("%q: the client takes half for the whole", answer)
			}
			r := w.row(1)
			w.says(r, 200, fault.UpstreamClosed, "backend/body/truncated")
			if a := r.Attempts[0]; a.BytesIn != 5 || !r.Aborted {
				t.Errorf("%+v", a)
			}
		})
	}
}

// 24 MiB go both ways at once, through a few buffers.
func TestBigBodiesBothWays(t *testing.T) {
	const size = 24 << 20
	for _, chunked := range []bool{false, true} {
		onSockets(t, func(w *world) {
			w.member(func(p *peer) { // an echo that answers while its request still arrives
				head := readHead(p)
				if chunked {
					p.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
					io.Copy(p.Conn, p.Reader)
					return
				}
				p.say("HTTP/1.1 200 OK\r\n" + lengthOf(head) + "\r\n\r\n")
				io.CopyN(p.Conn, p.Reader, size)
			})
			w.start()
			c := w.client()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			sent := make(chan error, 1)
			go func() { sent <- upload(c.Conn, size, chunked) }()
			r := c.answerStream()
			n, err := io.Copy(io.Discard, r.Body)
			if n != size || err != nil {
				t.Errorf("%d bytes came back, %v", n, err)
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
			row := w.row(1)
			if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 8<<20 {
				t.Errorf("%d bytes of memory were taken on the way", after.TotalAlloc-before.TotalAlloc)
			}
			w.says(row, 200, fault.NoError, "")
			if row.Sent < size || row.Received < size {
				t.Errorf("sent %d, received %d", row.Sent, row.Received)
			}
		})
	}
}

func readHead(p *peer) (head string) {
	for !strings.HasSuffix(head, "\r\n\r\n") {
		line, err := p.ReadString('\n')
		if err != nil {
			return head
		}
		head += line
	}
	return head
}

func lengthOf(head string) string {
	for _, l := range strings.Split(head, "\r\n") {
		if strings.HasPrefix(l, "Content-Length:") {
			return l
		}
	}
	return ""
}

// upload sends a body of so many bytes.
func upload(c io.Writer, size int, chunked bool) error {
	head, block := "Content-Length: "+strconv.Itoa(size), strings.Repeat("0123456789abcdef", 4096) // 64 KiB
	times := size / len(block)
	if chunked {
		head, block = "Transfer-Encoding: chunked", "10000\r\n"+block+"\r\n"
	}
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\n"+head+"\r\n\r\n")
	b := []byte(block)
	for range times {
		if _, err := c.Write(b); err != nil {
			return err
		}
	}
	if chunked {
		io.WriteString(c, "0\r\n\r\n")
	}
	return nil
}

// answerStream is the next answer with its body still to be read.
func (c *client) answerStream() *http.Response {
	c.w.Helper()
	r, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.w.Fatal(err)
	}
	return r
}
