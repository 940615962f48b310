package proxy

import (
	"strings"
	"testing"
	"time"

	"causeway/fault"
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
			time.Sleep(time.Second)
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

// Who leaves in the middle of a head leaves a record, of what there was.
func TestClientLeavesInTheHead(t *testing.T) {
	inTime(t, func(w *world) {
		w.start()
		c := w.client().say("GET /half?x=y HTTP/1.1\r\nHo")
		time.Sleep(time.Second)
		c.Close()
		r := w.row(1)
		w.says(r, 499, fault.ClientClosed, "client/request/closed")
		if string(r.Method) != "GET" || string(r.OriginalURI) != "/half?x=y" {
			t.Errorf("%s %s", r.Method, r.OriginalURI)
		}
	})
}
