package proxy

import (
	"io"
	"strings"
	"testing"
	"time"

	"causeway/fault"
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
				if r.StatusCode != 413 || r.body != "no!" || r.Close != (size > heldMax) {
					t.Errorf("%d %q, close %v", r.StatusCode, r.body, r.Close)
				}
				w.says(w.row(1), 413, fault.NoError, "")
			})
		}
	}
}

// The member answers while it goes on reading: the answer does not wait for the upload.
func TestEarlyAnswerWhileReading(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(func(p *peer) {
			readHead(p)
			p.say(ok)
			io.Copy(io.Discard, p.Reader)
		})
		w.start()
		c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 50000))
		begin := time.Now()
		r := c.answer("POST")
		if r.body != "ok" || !r.Close || time.Since(begin) > time.Second {
			t.Errorf("%q, close %v, after %v", r.body, r.Close, time.Since(begin))
		}
		c.rest() // the gateway lingers, then ends
		w.says(w.row(1), 200, fault.NoError, "")
	})
}

// The same for chunked uploads, whose sender may wait for the answer before it goes on.
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

// After an answer that came before the upload was read, the gateway goes on reading for a while: a close at once would
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
