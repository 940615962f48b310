package proxy

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/fault"
)

func TestSlowHead(t *testing.T) {
	inTime(t, func(w *world) {
		w.start()
		c := w.client()
		time.Sleep(10 * time.Second)
		begin := time.Now()
		c.say("GET / HTTP/1.1\r\nHost: a\r\n")
		w.work.Go(func() {
			for range 5 { // a header a time, and no end
				time.Sleep(10 * time.Second)
				c.Write([]byte("X: y\r\n"))
			}
		})
		w.status(c.answer("GET"), 408)
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("it took %v", took)
		}
		w.says(w.row(1), 408, fault.ClientTimedOut, "client/request/timeout")
		if rest := c.rest(); rest != "" {
			t.Errorf("more came: %q", rest)
		}
	})
}

// A client that connects and sends nothing gets no answer, and leaves no record.
func TestSilentClient(t *testing.T) {
	inTime(t, func(w *world) {
		w.start()
		c := w.client()
		begin := time.Now()
		if got := c.rest(); got != "" || time.Since(begin) != time.Minute {
			t.Errorf("%q after %v", got, time.Since(begin))
		}
		if n := len(w.log.all()); n != 0 {
			t.Errorf("%d records", n)
		}
	})
}

// The timer of an upload runs between two reads: a body that trickles in is slow and not late, whatever its framing.
func TestDripUpload(t *testing.T) {
	for _, head := range []string{"Content-Length: 20", "Content-Length: 70000", "Transfer-Encoding: chunked"} {
		inTime(t, func(w *world) {
			m := w.member(answers(ok))
			w.start()
			c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\n" + head + "\r\n\r\n")
			if strings.Contains(head, "70000") {
				c.say(strings.Repeat("x", 70000-20))
			}
			for range 20 {
				time.Sleep(50 * time.Second)
				if strings.Contains(head, "chunked") {
					c.say("1\r\nx\r\n")
				} else {
					c.say("x")
				}
			}
			if strings.Contains(head, "chunked") {
				c.say("0\r\n\r\n")
			}
			w.status(c.answer("POST"), 200)
			if n := len(m.last().body); n != 20 && n != 70000 {
				t.Errorf("%s: %d bytes arrived", head, n)
			}
		})
	}
}

// A client that pauses in its body for a minute has stopped.
func TestStoppedUpload(t *testing.T) {
	for _, head := range []string{"Content-Length: 50000", "Content-Length: 5000000", "Transfer-Encoding: chunked"} {
		inTime(t, func(w *world) {
			m := w.member(silent)
			w.start()
			c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\n" + head + "\r\n\r\n")
			begin := time.Now()
			w.status(c.answer("POST"), 408)
			if took := time.Since(begin); took != time.Minute {
				t.Errorf("%s: it took %v", head, took)
			}
			w.says(w.row(1), 408, fault.ClientTimedOut, "client/upload/timeout")
			if head == "Content-Length: 50000" && m.connections() != 0 {
				t.Error("a member was asked before the body was there")
			}
		})
	}
}

// A slow upload that keeps moving is served, though it takes minutes.
func TestSlowSteadyUpload(t *testing.T) {
	inTime(t, func(w *world) {
		m := w.member(answers(ok))
		w.start()
		c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n")
		for range 20 {
			time.Sleep(30 * time.Second)
			c.say(strings.Repeat("x", 10000))
		}
		w.status(c.answer("POST"), 200)
		if n := len(m.last().body); n != 200000 {
			t.Errorf("%d bytes arrived", n)
		}
		w.says(w.row(1), 200, fault.NoError, "")
	})
}

// A client that stops reading is to blame for the response that goes nowhere, not the member that waits for it.
func TestClientThatDoesNotRead(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 1000000)))
		w.start()
		w.client().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		time.Sleep(2 * time.Minute)
		w.says(w.row(1), 200, fault.ClientTimedOut, "client/deliver/timeout")
	})
}

// A slow reader that keeps moving gets it all.
func TestSlowSteadyDownload(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 1000000)))
		w.start()
		c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		n, buf := 0, make([]byte, 4<<10)
		for {
			k, err := c.Conn.Read(buf)
			if n += k; err != nil {
				break
			}
			time.Sleep(2 * time.Second)
		}
		if n < 1000000 {
			t.Errorf("%d bytes", n)
		}
		w.says(w.row(1), 200, fault.NoError, "")
	})
}
