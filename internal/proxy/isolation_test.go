package proxy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/internal/conn"
	"causeway/internal/fault"
)

// Nothing of an exchange survives its request: what goes back into the pool is as good as new, whatever the request was.
func TestExchangeForgets(t *testing.T) {
	onSockets(t, func(w *world) {
		w.member(answers("HTTP/1.1 200 OK\r\nContent-Type: text/secret\r\nContent-Length: 2\r\n\r\nok"))
		w.start()
		c := w.client()
		c.say("POST /secret?q=secret HTTP/1.1\r\nHost: secret\r\nUser-Agent: secret\r\nContent-Length: 6\r\n\r\nsecret").answer("POST")
		w.row(1)
		c.Close()
		for range 100 { // one of them served it
			x := newExchange(&session{seen: w.proxy.State()})
			if x.end != 0 || len(x.req.Fields) != 0 || x.req.Target != nil {
				t.Fatalf("a request is left in the pool: %+v", x.req)
			}
			if len(x.tried) != 0 || len(x.rec.Attempts) != 0 {
				t.Error("attempts are left in the pool")
			}
			x.tried, x.rec.Attempts, x.rec.Declared = nil, nil, 0
			v := reflect.ValueOf(&x.life).Elem()
			for i := range v.NumField() {
				if !v.Field(i).IsZero() {
					t.Errorf("%s is left in the pool", v.Type().Field(i).Name)
				}
			}
			if len(x.out)+len(x.path)+len(x.host)+len(x.contentType) != 0 {
				t.Error("a buffer is not empty")
			}
		}
	})
}

// Requests that succeed, fail to connect, are refused and are cut off come interleaved on many connections. Each carries a
// marker of its own; no other's record, request at the member or answer may hold it.
func TestNoMarkerStrays(t *testing.T) {
	onSockets(t, func(w *world) {
		m := w.member(func(p *peer) {
			for p.request() {
				r := p.m.last() // of this connection or another: only its own marker goes into the answer
				mark := r.Header.Get("X-Mark")
				p.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Echo: %d\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok", len(mark)))
			}
		})
		dead := w.member(silent)
		w.start()
		dead.stop()
		kinds := []func(mark string) string{
			func(k string) string {
				return "GET /" + k + "?" + k + " HTTP/1.1\r\nHost: " + k + "\r\nX-Mark: " + k + "\r\nUser-Agent: " + k + "\r\n\r\n"
			},
			func(k string) string {
				return "POST /" + k + " HTTP/1.1\r\nHost: " + k + "\r\nUser-Agent: " + k + "\r\nContent-Length: 12\r\n\r\n" + k
			},
			func(k string) string { return "GET /" + k + " HTTP/1.1\r\nHost: " + k + "\r\nHost: " + k + "\r\n\r\n" },
			func(k string) string { return "TRACE /" + k + " HTTP/1.1\r\nHost: " + k + "\r\n\r\n" },
			func(k string) string { return "GET /../" + k + " HTTP/1.1\r\nHost: " + k + "\r\n\r\n" },
		}
		const clients, each = 8, 30
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				random := rand.New(rand.NewPCG(uint64(i), 1))
				for j := range each {
					mark := fmt.Sprintf("mark%02d%02dxyzw", i, j)
					c := w.client()
					c.say(kinds[random.IntN(len(kinds))](mark))
					got := c.answer("GET")
					if text := fmt.Sprint(got.Header, got.body); strings.Contains(text, "mark") {
						t.Errorf("an answer to %s holds %s", mark, text)
					}
					c.Close()
				}
			})
		}
		all.Wait()
		w.row(clients * each)
		for _, r := range w.log.all() {
			text, _ := json.Marshal([]string{
				string(r.OriginalURI), string(r.URI), string(r.Query), string(r.Host), string(r.OriginalHost), string(r.UserAgent),
				string(r.ContentType),
			})
			if own := marks(string(text)); len(own) > 1 {
				t.Errorf("one record speaks of %v: %s", own, text)
			}
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, r := range m.seen {
			if own := marks(fmt.Sprint(r.RequestURI, r.Host, r.Header, r.body)); len(own) > 1 {
				t.Errorf("one request to the member holds %v", own)
			}
		}
	})
}

// marks are the different markers in a text.
func marks(text string) map[string]bool {
	out := map[string]bool{}
	for {
		_, rest, ok := strings.Cut(text, "mark")
		if !ok || len(rest) < 8 {
			return out
		}
		out[rest[:8]] = true
		text = rest
	}
}

// A request whose every connect failed is recorded as what it was, with the path and host that it was to have at the member.
func TestRecordOfARequestThatNeverConnected(t *testing.T) {
	onSockets(t, func(w *world) {
		m := w.member(answers(ok))
		w.config.Settings[0].Path, w.config.Settings[0].HostName = "/base", "inner.example"
		w.start()
		w.get("/alice")
		w.row(1)
		m.stop()
		w.engine.Each(func(h *conn.Loop) { h.Pool.Sweep(time.Now().Add(time.Hour)) })
		c := w.client().say("GET /bob HTTP/1.1\r\nHost: outer.example\r\n\r\n")
		w.status(c.answer("GET"), 502)
		r := w.row(2)
		if string(r.URI) != "/base/bob" || string(r.Host) != "inner.example" || string(r.OriginalURI) != "/bob" ||
			string(r.OriginalHost) != "outer.example" {
			t.Errorf("uri %q host %q, original %q %q", r.URI, r.Host, r.OriginalURI, r.OriginalHost)
		}
	})
}

// The same where the connection came about and the handshake failed.
func TestRecordOfARequestWhoseHandshakeFailed(t *testing.T) {
	onSockets(t, func(w *world) {
		w.member(func(p *peer) {
			p.ReadByte()
			p.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") // no TLS
		})
		w.config.Settings[0].Protocol, w.config.Settings[0].HostName = "Https", "inner.example"
		w.start()
		for i, mark := range []string{"/alice", "/bob"} {
			c := w.client().say("GET " + mark + " HTTP/1.1\r\nHost: outer.example\r\n\r\n")
			w.status(c.answer("GET"), 502)
			r := w.row(i + 1)
			if r.Fault.Phase != fault.TLS || string(r.URI) != mark || string(r.Host) != "inner.example" || string(r.OriginalURI) != mark {
				t.Errorf("%s: %s, uri %q host %q original %q", mark, word(r.Fault), r.URI, r.Host, r.OriginalURI)
			}
		}
	})
}
