package proxy

import (
	"crypto"
	"crypto/tls"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"causeway/internal/certs/certstest"
	"causeway/internal/conn"
	"causeway/internal/fault"
)

// onOneLoop tells a story of a gateway on one event loop.
func onOneLoop(t *testing.T, story func(w *world)) {
	t.Helper()
	e, why := conn.New(conn.EngineEpoll, 1)
	if why != nil {
		t.Skip(why)
	}
	defer e.Close()
	w := newWorld(t)
	w.engine = e
	w.play(story)
}

// behind keeps the gateway busy while a client, which it has accepted, does something.
func (w *world) behind(do func(c *client)) {
	w.hold(2*firstClientCheck, w.known(), do)
}

// known is a client that the gateway has accepted.
func (w *world) known() *client {
	c := w.client()
	for w.engine.Live() == 0 {
		time.Sleep(time.Millisecond)
	}
	return c
}

// hold keeps the gateway busy for so long while a client does something.
func (w *world) hold(long time.Duration, c *client, do func(c *client)) {
	held, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		w.engine.Each(func(*conn.Loop) { close(held); time.Sleep(long) })
	}()
	<-held
	do(c)
	<-done
}

// A client that left before the gateway had the time to read its request costs no member any work.
func TestClientLeavesBeforeItIsRead(t *testing.T) {
	onOneLoop(t, func(w *world) {
		m := w.member(answers(ok))
		w.start()
		w.behind(func(c *client) { c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").Close() })
		r := w.row(1)
		w.says(r, 499, fault.ClientClosed, "client/pick/closed")
		if m.connections() > 0 {
			t.Error("the member was bothered")
		}
		if r.Taken < 2*firstClientCheck {
			t.Errorf("the record says %v, and the client waited longer", r.Taken)
		}
	})
}

// One that only ended its side is answered.
func TestClientEndsItsSideBeforeItIsRead(t *testing.T) {
	onOneLoop(t, func(w *world) {
		w.member(answers(ok))
		w.start()
		w.behind(func(c *client) {
			c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			c.Conn.(interface{ CloseWrite() error }).CloseWrite()
			go func() {
				if got := c.rest(); !strings.Contains(got, "HTTP/1.1 200 OK") {
					t.Errorf("%q", got)
				}
			}()
		})
		w.says(w.row(1), 200, fault.NoError, "")
	})
}

// halfClose ends the client's side.
func (c *client) halfClose() { c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// A client that is slow itself has not waited for the gateway: before its first request, before the next one, in the middle of a head.
func TestSlowClientEndsItsSide(t *testing.T) {
	const request, short = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 20 * time.Millisecond
	f := func(first string, rest string) {
		t.Helper()
		onOneLoop(t, func(w *world) {
			w.member(answers(ok))
			w.start()
			c := w.known()
			c.say(first)
			if first == request {
				w.status(c.answer("GET"), 200)
			}
			time.Sleep(firstClientCheck + 2*short)
			w.hold(short, c, func(c *client) { c.say(rest); c.halfClose() })
			if got := c.rest(); strings.Contains(got, "100 Continue") || !strings.Contains(got, "HTTP/1.1 200 OK") {
				t.Errorf("%q", got)
			}
		})
	}
	f("", request)
	f(request, request)
	f(request[:9], request[9:])
}

// A client of an HTTPS port that was slow itself and left has no record.
func TestSlowClientLeavesBeforeItsHandshake(t *testing.T) {
	ca := certstest.NewAuthority(t, "test CA")
	onOneLoop(t, func(w *world) {
		w.secure(ca.Leaf("shop.example"))
		w.start()
		c := w.known()
		time.Sleep(firstClientCheck + 40*time.Millisecond)
		w.hold(20*time.Millisecond, c, func(c *client) { c.say("\x16\x03\x01").halfClose() })
		for w.engine.Live() > 0 {
			time.Sleep(time.Millisecond)
		}
		if all := w.log.all(); len(all) > 0 {
			t.Errorf("%+v", all)
		}
	})
}

// Plain HTTP on an HTTPS port is answered, also where the client has ended its side.
func TestPlainClientEndsItsSide(t *testing.T) {
	ca := certstest.NewAuthority(t, "test CA")
	onOneLoop(t, func(w *world) {
		w.secure(ca.Leaf("shop.example"))
		w.start()
		c := w.known()
		w.hold(20*time.Millisecond, c, func(c *client) { c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").halfClose() })
		if got := c.rest(); !strings.Contains(got, "HTTP/1.1 400 ") {
			t.Errorf("%q", got)
		}
		w.says(w.row(1), 400, fault.HTTPToHTTPSPort, "client/handshake/not-tls")
	})
}

// An answer that came in time is passed on, however late the gateway reads it: there is more to do than one poll reports.
func TestAnswerThatIsReadLate(t *testing.T) {
	onOneLoop(t, func(w *world) {
		w.config.Settings[0].RequestTimeout = 1
		asked := make(chan bool, 1)
		w.member(func(p *peer) {
			for p.request() {
				asked <- true
				time.Sleep(300 * time.Millisecond)
				p.say(ok)
			}
		})
		w.start()
		crowd := make([]*client, 600)
		for i := range crowd {
			crowd[i] = w.client()
		}
		for w.engine.Live() < len(crowd) {
			time.Sleep(time.Millisecond)
		}
		c := w.client().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		<-asked
		held := make(chan struct{})
		go w.engine.Each(func(*conn.Loop) { close(held); time.Sleep(1200 * time.Millisecond) })
		<-held
		for _, other := range crowd {
			other.say("\r\n")
		}
		w.status(c.answer("GET"), 200)
	})
}

// signs counts the signatures of a key.
type signs struct {
	crypto.Signer
	n *atomic.Int64
}

func (s signs) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	s.n.Add(1)
	return s.Signer.Sign(r, digest, o)
}

// A client that left before its handshake begins costs no signature.
func TestClientLeavesBeforeItsHandshake(t *testing.T) {
	ca := certstest.NewAuthority(t, "test CA")
	onOneLoop(t, func(w *world) {
		var n atomic.Int64
		pair := *ca.Leaf("shop.example")
		pair.PrivateKey = signs{pair.PrivateKey.(crypto.Signer), &n}
		w.member(answers(ok))
		w.secure(&pair)
		w.start()
		w.behind(func(c *client) {
			go tls.Client(c.Conn, &tls.Config{ServerName: "shop.example"}).Handshake()
			time.Sleep(firstClientCheck / 2)
			c.Close()
		})
		for w.engine.Live() > 0 {
			time.Sleep(time.Millisecond)
		}
		if n.Load() > 0 {
			t.Errorf("%d signatures", n.Load())
		}
		if n := w.metric("causeway_client_handshake_failures_total"); n != 1 {
			t.Errorf("%v failed handshakes", n)
		}
		r := w.row(1)
		w.says(r, 499, fault.ClientClosed, "client/handshake/closed")
		if r.Taken < 2*firstClientCheck {
			t.Errorf("the record says %v, and the client waited longer", r.Taken)
		}
	})
}

// A client that connects, says nothing and goes has waited for nobody.
func TestSilentClientLeavesNoRecord(t *testing.T) {
	ca := certstest.NewAuthority(t, "test CA")
	onOneLoop(t, func(w *world) {
		w.secure(ca.Leaf("shop.example"))
		w.start()
		w.behind(func(c *client) { c.Close() })
		for w.engine.Live() > 0 {
			time.Sleep(time.Millisecond)
		}
		if all := w.log.all(); len(all) > 0 {
			t.Errorf("%+v", all)
		}
	})
}
