package proxy

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A head that comes alone waits a moment for its body, so that both leave in one write; a body that is late does not
// keep the head from the client, and one that never comes is reported as before.
func TestHeadWaitsForItsBody(t *testing.T) {
	for name, c := range map[string]struct {
		head, body string
		pause      time.Duration
		together   bool
	}{
		"declared":         {"Content-Length: 5\r\n\r\n", "hello", gatherTime / 2, true},
		"declared, late":   {"Content-Length: 5\r\n\r\n", "hello", 20 * gatherTime, false},
		"chunked":          {"Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", gatherTime / 2, true},
		"chunked, late":    {"Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", 20 * gatherTime, false},
		"until the close":  {"Connection: close\r\n\r\n", "hello", gatherTime / 2, true},
		"in pieces, small": {"Content-Length: 10\r\n\r\n", "hello", gatherTime / 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(w *world) {
				w.member(func(p *peer) {
					for p.request() {
						p.say("HTTP/1.1 200 OK\r\n" + c.head)
						time.Sleep(c.pause)
						p.say(c.body)
						if strings.HasPrefix(c.head, "Connection: close") {
							return
						}
						if strings.HasPrefix(c.head, "Content-Length: 10") {
							time.Sleep(time.Second)
							p.say(c.body)
						}
					}
				})
				w.start()
				client := w.client()
				client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				time.Sleep(gatherTime * 3 / 4)
				synctest.Wait() // head and body are two writes in memory
				first := make([]byte, 4<<10)
				n, err := client.Conn.Read(first)
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.Contains(string(first[:n]), "hello"); got != c.together {
					t.Errorf("first read %q", first[:n])
				}
			})
		})
	}
}

func TestHeadWhoseBodyNeverComes(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(func(p *peer) {
			p.request()
			p.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
		})
		w.start()
		r := w.get("/")
		if r.StatusCode != 200 || r.err == nil {
			t.Errorf("%d, %v", r.StatusCode, r.err)
		}
		w.settle()
		if row := w.log.all()[0]; row.Fault.Phase != "body" || row.Fault.Kind != "truncated" || !row.Aborted {
			t.Errorf("%+v", row.Fault)
		}
	})
}

// Answers of any size around the rooms in which they are gathered arrive whole, and leave both connections in step.
func TestAnswersOfEverySize(t *testing.T) {
	onSockets(t, func(w *world) {
		var sizes []int
		for _, room := range []int{blockSize, bufferedMax, 128 << 10} {
			for d := -160; d <= 40; d += 20 {
				sizes = append(sizes, room+d)
			}
		}
		body := func(n int) string { return strings.Repeat(fmt.Sprintf("%08d", n), n/8+1)[:n] }
		next := 0
		m := w.member(func(p *peer) {
			for p.request() {
				n := sizes[next]
				next++
				p.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", n) + body(n))
			}
		})
		w.start()
		c := w.client()
		for _, n := range sizes {
			if r := c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET"); r.StatusCode != 200 || r.body != body(n) || r.err != nil {
				t.Fatalf("%d bytes: %d, %d bytes, %v", n, r.StatusCode, len(r.body), r.err)
			}
		}
		if m.connections() != 1 {
			t.Errorf("%d connections", m.connections())
		}
	})
}
