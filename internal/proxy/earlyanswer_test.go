package proxy

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

const tooLarge = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!"

// A member that refuses an upload answers, closes with bytes unread, and so resets the connection. Its answer must
// reach the client all the same, every time.
func TestEarlyAnswerBeforeReset(t *testing.T) {
	for _, size := range []int{64 << 10, 8 << 20} {
		for range 6 {
			onSockets(t, func(w *world) {
				w.member(func(p *peer) {
					readHead(p)
					p.say(tooLarge) // and the return closes
				})
				w.start()
				c := w.client()
				go upload(c.Conn, size, false)
				r := c.answer("POST")
				if r.StatusCode != 413 || r.body != "no!" || r.Close != (size > bufferedMax) {
					t.Errorf("%d %q, close %v", r.StatusCode, r.body, r.Close)
				}
				w.says(w.row(1), 413, fault.NoError, "")
			})
		}
	}
}

// The member answers at once and continues to read. A success is for a body that it has: the client gets it once the member
// does, and not at all if it breaks the upload off.
func TestEarlySuccessWhileReading(t *testing.T) {
	f := func(size, sent int, want int) {
		t.Helper()
		inTime(t, func(w *world) {
			var mu sync.Mutex
			got := 0
			w.member(func(p *peer) {
				readHead(p)
				p.say(ok)
				n, _ := io.Copy(io.Discard, io.LimitReader(p.Reader, int64(size)))
				mu.Lock()
				got = int(n)
				mu.Unlock()
			})
			w.start()
			c := w.client().say(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size))
			for range 3 {
				c.say(strings.Repeat("x", sent/3))
				time.Sleep(10 * time.Second)
			}
			if want == 200 {
				w.status(c.answer("POST"), 200)
				if r := w.row(1); r.Taken < 20*time.Second || r.Cut != "" {
					t.Errorf("%v, cut %q", r.Taken, r.Cut)
				}
			} else {
				c.Close()
				w.says(w.row(1), 400, fault.ClientClosed, "client/upload/truncated")
			}
			w.settle()
			mu.Lock()
			defer mu.Unlock()
			if want == 200 && got != size {
				t.Errorf("the member has %d of %d bytes", got, size)
			}
		})
	}
	f(90000, 90000, 200)
	f(300000, 300000, 200)
	f(300000, 299998-1, 400)
}

// An early refusal that keeps the connection passes at once, while the member reads the rest: a client that writes all
// before it reads gets it all the same, fast or slow, and nothing of the connection is shared before that.
func TestEarlyRefusalWhileReading(t *testing.T) {
	inTime(t, func(w *world) {
		const size = 6 << 20
		m := w.member(func(p *peer) {
			readHead(p)
			p.say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
			io.CopyN(io.Discard, p.Reader, size)
			for p.request() {
				p.say(ok)
			}
		})
		w.start()
		c := w.client().say(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size))
		begin := time.Now()
		w.work.Go(func() {
			for range 60 {
				c.say(strings.Repeat("x", size/60))
				time.Sleep(time.Second)
			}
			c.say(strings.Repeat("x", size%60))
		})
		r := c.answer("POST")
		if r.StatusCode != 401 || r.Close || time.Since(begin) > 2*time.Second {
			t.Errorf("%d, close %v after %v", r.StatusCode, r.Close, time.Since(begin))
		}
		time.Sleep(65 * time.Second) // the upload takes 60
		row := w.row(1)
		w.says(row, 401, fault.NoError, "")
		if row.Cut != "" || row.Received < size {
			t.Errorf("cut %q, %d bytes", row.Cut, row.Received)
		}
		w.get("/")
		if m.connections() != 2 {
			t.Error("the member's connection was used again after an early answer")
		}
	})
}

// A member that refuses and closes takes no more: the gateway reads the rest in its place, up to the declared length and
// for as long as the client does not pause, and the record says what became of it.
func TestUnwantedBodyIsDropped(t *testing.T) {
	f := func(head string, play func(c *client), cut string) {
		t.Helper()
		inTime(t, func(w *world) {
			w.member(func(p *peer) {
				readHead(p)
				p.say(tooLarge)
				time.Sleep(time.Minute)
			})
			w.start()
			c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\n" + head + "\r\n\r\n")
			w.work.Go(func() { play(c) })
			w.status(c.answer("POST"), 413)
			time.Sleep(10 * time.Minute)
			r := w.row(1)
			w.says(r, 413, fault.NoError, "")
			if r.Cut != cut || cut == accesslog.CutDropped && (r.BodyRead != r.Declared && r.Declared >= 0 || r.Dropped == 0) {
				t.Errorf("%s: cut %q, %d of %d read, %d dropped", head, r.Cut, r.BodyRead, r.Declared, r.Dropped)
			}
		})
	}
	slowly := func(c *client) {
		for range 100 {
			c.say(strings.Repeat("x", 10000))
			time.Sleep(4 * time.Second) // 400 s in all: only a pause ends it
		}
	}
	f("Content-Length: 1000000", slowly, accesslog.CutDropped)
	f("Transfer-Encoding: chunked", func(c *client) {
		for range 100 {
			c.say("a\r\n0123456789\r\n")
			time.Sleep(time.Second)
		}
		c.say("0\r\n\r\n")
	}, accesslog.CutDropped)
	f("Content-Length: 1000000", func(c *client) { c.say(strings.Repeat("x", 100000)) }, accesslog.CutPaused)
	f("Content-Length: 1000000", func(c *client) {
		c.say(strings.Repeat("x", 100000))
		time.Sleep(time.Second)
		c.Close()
	}, accesslog.CutLeft)
}

// The same for chunked uploads, whose sender may wait for the answer before it continues.
func TestConversationInChunks(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(func(p *peer) {
			readHead(p)
			p.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			io.Copy(p.Conn, p.Reader)
		})
		w.start()
		c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
		r := c.answerStream()
		buf := make([]byte, 5)
		for range 3 {
			c.say("5\r\nhello\r\n")
			if _, err := io.ReadFull(r.Body, buf); err != nil || string(buf) != "hello" {
				t.Fatalf("%q, %v", buf, err)
			}
			time.Sleep(10 * time.Second)
		}
		c.say("0\r\n\r\n")
		if rest, err := io.ReadAll(r.Body); len(rest) != 0 || err != nil {
			t.Errorf("%q, %v", rest, err)
		}
		w.says(w.row(1), 200, fault.NoError, "")
	})
}

// The same from a member that does not say that it closes: half a request went there, and the connection is not kept.
func TestEarlyAnswerOnABrokenConnection(t *testing.T) {
	onSockets(t, func(w *world) {
		w.member(func(p *peer) {
			readHead(p)
			p.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno!")
		})
		w.start()
		c := w.client()
		go upload(c.Conn, 8<<20, false)
		w.status(c.answer("POST"), 413)
		w.row(1)
		if w.idle() != 0 {
			t.Error("the member's connection was kept")
		}
	})
}

// A member that breaks off an upload without an answer is to blame, not the client.
func TestResetDuringUpload(t *testing.T) {
	onSockets(t, func(w *world) {
		w.member(func(p *peer) {
			readHead(p)
			p.reset()
		})
		w.start()
		c := w.client()
		go upload(c.Conn, 8<<20, false)
		w.status(c.answer("POST"), 502)
		r := w.row(1)
		if s := word(r.Fault); s != "backend/send/reset" && s != "backend/wait/reset" {
			t.Errorf("the record blames %q", s)
		}
	})
}

// After an answer that came before the upload was read, the gateway continues to read for a while: a close at once would
// reset the connection, and with it the answer on its way to the client.
func TestClientMayGoOnAfterAnEarlyAnswer(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(answers(ok))
		w.start()
		c := w.client()
		w.status(c.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999\r\n\r\n").answer("POST"), 413)
		for range 3 {
			c.say(strings.Repeat("x", 64<<10)) // an error if nobody takes it
			time.Sleep(lingerTime / 4)
		}
		if _, err := io.ReadAll(c); err != nil {
			t.Errorf("the end is not clean: %v", err)
		}
		w.says(w.row(1), 413, fault.InvalidRequest, "client/request/body-too-large")
	})
}
