package proxy

import (
	"strings"
	"testing"
	"time"
)

// A member may answer, and keep its connection open, while part of the request is still on its way. What is sent next on
// that connection would be read as the rest of that request: it never goes back to the pool.
func TestHalfSentConnectionIsNotReused(t *testing.T) {
	f := func(head string, pieces ...string) {
		t.Helper()
		inTime(t, func(w *world) {
			first := true
			m := w.member(func(p *peer) {
				if !first {
					answers(ok)(p)
					return
				}
				first = false
				readHead(p)
				time.Sleep(10 * time.Second)
				p.say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
				time.Sleep(time.Hour) // it reads nothing more, and closes nothing
			})
			w.start()
			c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\n" + head + "\r\n\r\n")
			for _, piece := range pieces {
				time.Sleep(time.Second)
				c.say(piece)
			}
			w.status(c.answer("POST"), 401)
			c.Close()
			w.row(1)
			w.status(w.get("/"), 200)
			if n := m.connections(); n != 2 {
				t.Errorf("%s: the member has seen %d connections, want 2: the one with half a request on it was used again", head, n)
			}
		})
	}
	f("Content-Length: 100000", strings.Repeat("x", 50000))
	// All of the body is read from the client, but the member's buffer has no room for the last of it.
	f("Transfer-Encoding: chunked", "f000\r\n"+strings.Repeat("x", 0xf000)+"\r\n", "3000\r\n"+strings.Repeat("x", 0x3000)+"\r\n0\r\n\r\n")
}
