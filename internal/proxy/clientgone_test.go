package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/fault"
)

// late answers after ten seconds.
func late(p *peer) {
	for p.request() {
		time.Sleep(10 * time.Second)
		p.say(ok)
	}
}

// A client may end its side once it has said all: it is answered.
func TestHalfCloseAfterTheRequest(t *testing.T) {
	for _, minor := range []string{"0", "1"} {
		inTime(t, func(w *world) {
			w.member(late)
			w.start()
			c := w.client().say("GET / HTTP/1." + minor + "\r\nHost: a\r\n\r\n")
			c.Conn.(interface{ CloseWrite() error }).CloseWrite()
			got := c.rest()
			if !strings.Contains(got, "HTTP/1.1 200 OK") || !strings.HasSuffix(got, "ok") {
				t.Errorf("%q", got)
			}
			// Every client of HTTP/1.1 skips 100; some take any other interim response for the answer.
			if n := strings.Count(got, "HTTP/1.1 100 Continue\r\n\r\n"); fmt.Sprint(n) != minor || strings.Count(got, "HTTP/1.1 ") != n+1 {
				t.Errorf("asked %d times: %q", n, got)
			}
			w.says(w.row(1), 200, fault.NoError, "")
		})
	}
}

// A client that is gone is 499 in the log (0 on v1), soon, and the member is not blamed.
func TestClientGoneWhileWaiting(t *testing.T) {
	f := func(v1 bool, status int, info string, leave func(c *client)) {
		t.Helper()
		inTime(t, func(w *world) {
			if v1 {
				w.v1()
			}
			w.member(late)
			w.member(late)
			w.start()
			c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			time.Sleep(time.Second)
			leave(c)
			time.Sleep(3 * time.Second)
			r := w.row(1)
			w.says(r, status, info, "client/wait/closed")
			w.tried(r, "client/wait/closed")
		})
	}
	leave := func(c *client) { c.Close() }
	abort := func(c *client) {
		c.Conn.(interface{ SetLinger(int) error }).SetLinger(0)
		c.Close()
	}
	f(false, 499, fault.ClientClosed, leave)
	f(false, 499, fault.ClientClosed, abort)
	f(true, 0, "", leave)
}

func TestClientGoneOnSockets(t *testing.T) {
	t.Parallel()
	onSockets(t, func(w *world) {
		w.member(func(p *peer) {
			p.request()
			p.request() // until the gateway lets go
		})
		w.start()
		c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		time.Sleep(50 * time.Millisecond)
		c.Close()
		w.says(w.row(1), 499, fault.ClientClosed, "client/wait/closed")
	})
}

// A client that leaves in the middle of its body, or ends it early, is at fault itself.
func TestClientLeavesDuringUpload(t *testing.T) {
	f := func(head string, leave func(c *client), status int, want string) {
		t.Helper()
		inTime(t, func(w *world) {
			m := w.member(answers(ok))
			w.start()
			c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\n" + head + "\r\n\r\n5\r\nhello\r\n")
			time.Sleep(900 * time.Millisecond) // not when the gateway looks at the client anyway
			leave(c)
			r := w.row(1)
			w.says(r, status, fault.ClientClosed, want)
			if head == "Content-Length: 100" && m.connections() > 0 {
				t.Error("the member was bothered")
			}
		})
	}
	abort := func(c *client) {
		c.Conn.(interface{ SetLinger(int) error }).SetLinger(0)
		c.Close()
	}
	short := func(c *client) {
		c.Conn.(interface{ CloseWrite() error }).CloseWrite()
		c.w.status(c.answer("POST"), 400)
	}
	for _, head := range []string{"Content-Length: 100", "Content-Length: 100000", "Transfer-Encoding: chunked"} {
		f(head, abort, 499, "client/upload/reset")
		f(head, short, 400, "client/upload/truncated")
	}
}

// A client that hangs up in the middle of a download did not see a failure of the member.
func TestClientLeavesDuringDownload(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 1000000)))
		w.start()
		c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		time.Sleep(time.Second)
		c.Close()
		w.says(w.row(1), 200, fault.ClientClosed, "client/deliver/reset")
	})
}

// If the client left just before the member ran out of time, or failed, the client is at fault: the gateway checks on it
// before it blames the member.
func TestClientGoneJustBeforeTheMemberFails(t *testing.T) {
	f := func(play func(t *testing.T, story func(w *world)), serve func(*peer), leave time.Duration) {
		t.Helper()
		play(t, func(w *world) {
			w.config.Settings[0].RequestTimeout = 2
			w.member(serve)
			w.start()
			c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			time.Sleep(leave)
			c.Close()
			w.says(w.row(1), 499, fault.ClientClosed, "client/wait/closed")
		})
	}
	closes := func(p *peer) {
		p.request()
		time.Sleep(1800 * time.Millisecond)
	}
	f(inTime, late, 1550*time.Millisecond)
	f(inTime, late, 1990*time.Millisecond)
	f(inTime, closes, 1550*time.Millisecond)
	silent := func(p *peer) { p.request(); p.request() }
	f(onSockets, silent, 1550*time.Millisecond)
}

// A client of HTTP/1.0 cannot be probed, but its reset shows.
func TestReset10(t *testing.T) {
	onSockets(t, func(w *world) {
		w.member(func(p *peer) { p.request(); p.request() })
		w.start()
		c := w.client().say("GET / HTTP/1.0\r\n\r\n")
		time.Sleep(50 * time.Millisecond)
		c.Conn.(interface{ SetLinger(int) error }).SetLinger(0)
		c.Close()
		w.says(w.row(1), 499, fault.ClientClosed, "client/wait/closed")
	})
}

// A client that leaves in the middle of a head has made no request.
func TestClientLeavesInTheHead(t *testing.T) {
	inTime(t, func(w *world) {
		w.start()
		for _, part := range []string{"GE", "GET /half?x=y HTTP/1.1\r\nHo"} {
			c := w.client().say(part)
			time.Sleep(time.Second)
			c.Close()
		}
		w.settle()
		if rows := w.log.all(); len(rows) != 0 {
			t.Errorf("%d records", len(rows))
		}
		if n := w.counted("causeway_client_heads_incomplete_total"); n != 2 {
			t.Errorf("%v counted", n)
		}
	})
}

// What can no longer become a request is refused at once, and on record without the garbage.
func TestNoRequestAtAll(t *testing.T) {
	f := func(say, method, target string) {
		t.Helper()
		inTime(t, func(w *world) {
			w.start()
			begin := time.Now()
			c := w.client().say(say)
			w.status(c.answer("GET"), 400)
			if took := time.Since(begin); took > time.Second {
				t.Errorf("it took %v", took)
			}
			c.Close()
			r := w.row(1)
			if r.Status != 400 || string(r.Method) != method || string(r.OriginalURI) != target {
				t.Errorf("%d %q %q", r.Status, r.Method, r.OriginalURI)
			}
			if r.Transaction == ([16]byte{}) || r.ClientUses != 1 {
				t.Errorf("transaction %x, request %d of its connection", r.Transaction, r.ClientUses)
			}
		})
	}
	f("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "", "")
	f("\xff\xfe /secret", "", "")
	f("GET /a\x01\x02b HTTP/1.1\r\n", "GET", "/a")
	f("GET / HTTP/0.3\r\nHost: a\r\n\r\n", "GET", "/")
}

// Each request of a connection has its own id and number, the refused one at the end too.
func TestRefusedRequestHasItsNames(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers(ok))
		w.start()
		c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /\xff HTTP/1.1\r\nHost: a\r\n\r\n")
		w.status(c.answer("GET"), 200)
		w.status(c.answer("GET"), 400)
		c.Close()
		r := w.row(2)
		if first := w.log.all()[0]; r.Transaction == first.Transaction || first.ClientUses != 1 || r.ClientUses != 2 {
			t.Errorf("%x is request %d, %x is request %d", first.Transaction, first.ClientUses, r.Transaction, r.ClientUses)
		}
	})
}

// counted is the value of a counter without labels.
func (w *world) counted(name string) float64 {
	w.Helper()
	families, err := w.metrics.Registry.Gather()
	if err != nil {
		w.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.Metric[0].GetCounter().GetValue()
		}
	}
	w.Fatalf("no metric %s", name)
	return 0
}
