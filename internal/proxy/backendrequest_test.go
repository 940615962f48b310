package proxy

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"causeway/internal/accesslog"
	"causeway/internal/gateway"
)

// What an Application Gateway adds to a request, changes and drops.
func TestInsertedHeaders(t *testing.T) {
	inTime(t, func(w *world) {
		m := w.member(answers(ok))
		w.start()
		c := w.client().say("GET /a%2Fb?q=1 HTTP/1.1\r\nHost: Shop.example.org\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 198.51.100.3:99\r\n" +
			"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\nX-Original-Host: evil\r\nX-Original-URL: /evil\r\nX-AppGW-Trace-Id: 0\r\n" +
			"my_header: lost\r\ndotted.name: lost\r\nKept-1: yes\r\nConnection: x-mine, X-Forwarded-For, close\r\nX-Mine: lost\r\nKeep-Alive: 1\r\nTE: trailers\r\nProxy-Connection: x\r\n\r\n")
		w.status(c.answer("GET"), 200)
		got := m.last()
		want := map[string]string{
			"X-Forwarded-For":   "203.0.113.7, 198.51.100.3:99, " + c.LocalAddr().String(),
			"X-Forwarded-Proto": "http", "X-Forwarded-Port": "8000",
			"X-Original-Host": "Shop.example.org", "X-Original-Url": "/a%2Fb?q=1", "Kept-1": "yes",
		}
		for name, value := range want {
			if v := got.Header.Values(name); len(v) != 1 || v[0] != value {
				t.Errorf("%s: %q, want %q", name, v, value)
			}
		}
		for _, name := range []string{"My_header", "Dotted.name", "Connection", "X-Mine", "Keep-Alive", "Te", "Proxy-Connection"} {
			if v := got.Header.Values(name); v != nil {
				t.Errorf("%s: %q came through", name, v)
			}
		}
		if got.Host != "Shop.example.org" || got.RequestURI != "/a%2Fb?q=1" || got.Proto != "HTTP/1.1" {
			t.Errorf("%s %s %s", got.Host, got.RequestURI, got.Proto)
		}
		r := w.row(1)
		if id := hex.EncodeToString(r.Transaction[:]); got.Header.Get("X-Appgw-Trace-Id") != id || r.Transaction == [16]byte{} {
			t.Errorf("trace id %s, the record has %s", got.Header.Get("X-Appgw-Trace-Id"), id)
		}
		if string(r.OriginalURI) != "/a%2Fb?q=1" || string(r.URI) != "/a%2Fb" || string(r.Query) != "q=1" ||
			string(r.Host) != "Shop.example.org" {
			t.Errorf("%s %s %s %s", r.OriginalURI, r.URI, r.Query, r.Host)
		}
	})
}

func TestTargetForms(t *testing.T) {
	f := func(target, method, want, host string) {
		t.Helper()
		inTime(t, func(w *world) {
			m := w.member(answers(ok))
			w.start()
			w.status(w.client().say(method+" "+target+" HTTP/1.1\r\nHost: a\r\n\r\n").answer(method), 200)
			if got := m.last(); got.RequestURI != want || got.Host != host {
				t.Errorf("%s: %s of %s, want %s of %s", target, got.RequestURI, got.Host, want, host)
			}
		})
	}
	f("/", "GET", "/", "a")
	f("http://b.example:81/x?y", "GET", "/x?y", "b.example:81")
	f("http://b.example", "GET", "/", "b.example")
	f("*", "OPTIONS", "*", "a")
}

func TestHostOverride(t *testing.T) {
	f := func(edit func(*gateway.Settings), want string) {
		t.Helper()
		inTime(t, func(w *world) {
			m := w.member(answers(ok))
			edit(&w.config.Settings[0])
			w.start()
			w.get("/")
			if got := m.last(); got.Host != want || got.Header.Get("X-Original-Host") != "example.org" {
				t.Errorf("Host %q, X-Original-Host %q; want %q", got.Host, got.Header.Get("X-Original-Host"), want)
			}
			if r := w.row(1); string(r.Host) != want || string(r.OriginalHost) != "example.org" {
				t.Errorf("the record has %s and %s", r.Host, r.OriginalHost)
			}
		})
	}
	f(func(*gateway.Settings) {}, "example.org")
	f(func(s *gateway.Settings) { s.HostName = "inner.example" }, "inner.example")
	f(func(s *gateway.Settings) { s.PickHostFromAddress = true }, "10.0.0.4")
}

func TestPathOfSettings(t *testing.T) {
	inTime(t, func(w *world) {
		m := w.member(answers(ok))
		w.config.Settings[0].Path = "/override/"
		w.start()
		w.get("/home/?x=%20")
		if got := m.last().RequestURI; got != "/override/home/?x=%20" {
			t.Error(got)
		}
		if r := w.row(1); string(r.URI) != "/override/home/" || string(r.OriginalURI) != "/home/?x=%20" {
			t.Errorf("the record has %s and %s", r.URI, r.OriginalURI)
		}
	})
}

// Query strings may hold secrets: the record leaves them out if the configuration says so.
func TestQueriesKeptOutOfTheRecord(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers(ok))
		w.local.Logs.Queries = false
		w.start()
		w.get("/x?token=secret")
		if r := w.row(1); string(r.OriginalURI) != "/x" || len(r.Query) != 0 {
			t.Errorf("%s, %s", r.OriginalURI, r.Query)
		}
	})
}

func TestRedirect(t *testing.T) {
	inTime(t, func(w *world) {
		w.config.Redirects = []gateway.Redirect{{
			Name: "away", Type: "Permanent", TargetURL: "https://other.example/base/",
			IncludePath: true, IncludeQuery: true,
		}}
		w.config.Rules[0].Target = gateway.Target{Redirect: "away"}
		w.start()
		c := w.client()
		for range 2 {
			r := c.say("GET /x?y=z HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET")
			if r.StatusCode != 301 || r.Header.Get("Location") != "https://other.example/base/x?y=z" || r.body == "" {
				t.Errorf("%d %s %q", r.StatusCode, r.Header.Get("Location"), r.body)
			}
		}
		r := c.say("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 1000)).answer("POST")
		if r.StatusCode != 301 || !r.Close {
			t.Errorf("%d, close %v", r.StatusCode, r.Close)
		}
		row := w.row(3)
		if row.Status != 301 || len(row.Attempts) != 0 || row.Listener != "listener" || row.Rule != "rule" || row.Pool != "" {
			t.Errorf("%+v", row)
		}
	})
}

func TestUnknownHost(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers(ok))
		w.config.Listeners[0].HostNames = []string{"shop.example"}
		w.start()
		c := w.client()
		w.status(c.say("GET / HTTP/1.1\r\nHost: other.example\r\n\r\n").answer("GET"), 404)
		w.says(w.row(1), 404, "ERRORINFO_INVALID_HOST", "client/route/no-listener")
		w.status(c.say("GET / HTTP/1.1\r\nHost: SHOP.example.:80\r\n\r\n").answer("GET"), 200)
	})
}

// The record of a plain success has everything that Azure's has.
func TestRecordOfASuccess(t *testing.T) {
	inTime(t, func(w *world) {
		w.mem.Latency = oneWay
		w.member(answers("HTTP/1.1 200 OK\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"))
		w.start()
		c := w.client()
		const raw = "POST /x HTTP/1.1\r\nHost: a\r\nUser-Agent: story/1\r\nContent-Length: 2\r\n\r\nhi"
		r := c.say(raw).answer("POST")
		c.say(raw).answer("POST")
		row := w.row(2)
		if row.Listener != "listener" || row.Rule != "rule" || row.Pool != "pool" || row.Settings != "settings" ||
			row.Instance != "appgw_0" ||
			row.ResourceID != "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/GW" {
			t.Errorf("%+v", row)
		}
		if row.Client.String() != c.LocalAddr().String() || string(row.UserAgent) != "story/1" || string(row.ContentType) != "text/plain" ||
			row.Version != "HTTP/1.1" || row.ClientUses != 2 || row.Received != int64(len(raw)) || row.Sent != sizeOf(r.Response) {
			t.Errorf("%+v", row)
		}
		first := w.log.all()[0].Attempts[0]
		if a := row.Attempts[0]; !a.Reused || a.Uses != 1 || a.Connect != accesslog.Unset || a.Wait != 2*oneWay || a.Total != 2*oneWay ||
			a.Status != 200 ||
			first.Reused || first.Connect != 2*oneWay || first.Total != 4*oneWay {
			t.Errorf("%+v\n%+v", first, a)
		}
	})
}

// sizeOf is the size of the answer above on the wire.
func sizeOf(*http.Response) int64 {
	return int64(len("HTTP/1.1 200 OK\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"))
}
