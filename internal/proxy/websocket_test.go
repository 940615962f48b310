package proxy

import (
	"io"
	"testing"
	"time"

	"causeway/internal/fault"
)

const hello = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: x\r\n\r\n"

// echo switches protocols, says what came with the head, and then repeats what it hears.
func echo(p *peer) {
	readHead(p)
	p.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: y\r\n\r\nwelcome ")
	io.Copy(p.Conn, p.Reader)
}

func (c *client) expect(want string) {
	c.w.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c.r, b); err != nil || string(b) != want {
		c.w.Errorf("%q, %v; want %q", b, err, want)
	}
}

func TestWebSocket(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(echo)
		w.start()
		c := w.client().say(hello + "early ") // before the switch is agreed
		r := c.answerStream()
		if r.StatusCode != 101 || r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Sec-Websocket-Accept") != "y" {
			t.Fatalf("%v", r)
		}
		c.expect("welcome early ")
		for range 5 { // longer than the request timeout, but never silent for as long
			time.Sleep(15 * time.Second)
			c.say("ping")
			c.expect("ping")
		}
		c.Conn.(interface{ CloseWrite() error }).CloseWrite()
		if rest := c.rest(); rest != "" {
			t.Errorf("%q", rest)
		}
		row := w.row(1)
		w.says(row, 101, fault.NoError, "")
		if row.Taken != 75*time.Second {
			t.Errorf("it took %v", row.Taken)
		}
		if w.idle() != 0 {
			t.Error("the member's connection was kept")
		}
	})
}

// The request timeout bounds the silence of a session. Its end is a clean one on both sides, and no fault.
func TestSilentWebSocket(t *testing.T) {
	inTime(t, func(w *world) {
		var end error
		w.member(func(p *peer) {
			echo(p)
			_, end = p.Conn.Read(make([]byte, 1))
		})
		w.start()
		c := w.client().say(hello)
		c.answerStream()
		c.expect("welcome ")
		begin := time.Now()
		if _, err := c.r.ReadByte(); err != io.EOF {
			t.Errorf("the client met %v", err)
		}
		if took := time.Since(begin); took != 20*time.Second {
			t.Errorf("it took %v", took)
		}
		w.settle()
		if end != io.EOF {
			t.Errorf("the member met %v", end)
		}
		w.says(w.row(1), 101, fault.NoError, "")
		if !w.row(1).IdleEnd {
			t.Error("nothing says how it ended")
		}
	})
}

// A member may refuse to switch, and any other protocol is not offered to it: h2c would carry requests past the rules.
func TestOtherUpgrades(t *testing.T) {
	inTime(t, func(w *world) {
		m := w.member(answers(ok))
		w.start()
		c := w.client()
		w.status(c.say(hello).answer("GET"), 200)
		if m.last().Header.Get("Upgrade") != "websocket" {
			t.Errorf("the member was asked for %q", m.last().Header.Get("Upgrade"))
		}
		c.say("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
		w.status(c.answer("GET"), 200)
		if h := m.last().Header; h.Get("Upgrade") != "" || h.Get("Connection") != "" || h.Get("Http2-Settings") != "" {
			t.Errorf("the member was asked: %v", h)
		}
	})
}

func TestWebSocketMemberDies(t *testing.T) {
	onSockets(t, func(w *world) {
		w.member(func(p *peer) {
			readHead(p)
			p.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nx")
			time.Sleep(20 * time.Millisecond)
			p.reset()
		})
		w.start()
		c := w.client().say(hello)
		c.answerStream()
		c.rest() // it ends, soon
		w.row(1)
	})
}
