//go:build !race

package proxy

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/conn"
	"causeway/internal/gateway"
)

// canned is a connection without a kernel: each Write is answered by the same bytes.
type canned struct {
	info   conn.Info
	answer []byte
	ready  bool
	wrote  []byte
}

func (c *canned) Read(p []byte) (int, error) {
	if !c.ready {
		return 0, net.ErrClosed
	}
	c.ready = false
	return copy(p, c.answer), nil
}

func (c *canned) Write(p []byte) (int, error) { return c.Writev(p, nil) }

func (c *canned) Writev(head, body []byte) (int, error) {
	c.ready = true
	c.wrote = append(append(c.wrote[:0], head...), body...)
	return len(head) + len(body), nil
}

func (c *canned) SetReadDeadline(time.Time)  {}
func (c *canned) SetWriteDeadline(time.Time) {}
func (c *canned) CloseWrite() error          { return nil }
func (c *canned) Close() error               { return nil }
func (c *canned) Reset() error               { return nil }
func (c *canned) Peer() conn.PeerState       { return conn.PeerIdle }
func (c *canned) Info() *conn.Info           { return &c.info }
func (c *canned) Detach() (net.Conn, error)  { return nil, net.ErrClosed }

// encoder is a log that writes each record over the last.
type encoder struct{ line []byte }

func (e *encoder) Write(r *accesslog.Record) { e.line = r.Append(e.line[:0]) }

// handled is a session whose client sends the same request again and again; the function that it passes on handles one.
func handled(t testing.TB, request, response string, ask func(handle func())) {
	w := newWorld(t)
	w.engine = conn.NewGoroutines(nil)
	w.play(func(w *world) {
		w.config.Pools[0].Members = append(w.config.Pools[0].Members, gateway.Address{IP: "127.0.0.1"})
		w.start()
		w.proxy.log = &encoder{}
		member := w.set.Groups()[0].Members()[0]
		var home *conn.Loop
		w.engine.Each(func(h *conn.Loop) { home = h })
		client := &canned{answer: []byte(request), ready: true}
		client.info = conn.Info{
			ID:     1,
			Remote: netip.MustParseAddrPort("127.0.0.1:45678"),
			Local:  netip.MustParseAddrPort("127.0.0.1:80"),
			Opened: time.Now(),
		}
		server := &canned{answer: []byte(response)}
		server.info = conn.Info{ID: 2, Remote: member.Addr, Local: netip.MustParseAddrPort("127.0.0.1:45679"), Opened: time.Now()}
		home.Pool.Put(conn.Key{Addr: member.Addr}, server, time.Now())
		handle := w.proxy.open(w.proxy.Ports()[0], home, client)
		ask(func() {
			client.ready = true
			if !handle() {
				t.Fatal("the session has ended")
			}
		})
		if got := string(client.wrote[:15]); got != "HTTP/1.1 200 OK" {
			t.Error(got)
		}
	})
}

const (
	shortRequest    = "GET /1k HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"
	browsersRequest = "GET /shop/items?page=2&sort=price HTTP/1.1\r\nHost: shop.example:8080\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: de,en;q=0.7\r\n" +
		"Accept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\nCookie: session=0123456789abcdef0123456789abcdef\r\n" +
		"Upgrade-Insecure-Requests: 1\r\n\r\n"
)

var kibibyte = "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 23 Nov 2026 22:00:00 GMT\r\nContent-Type: text/html\r\n" +
	"Content-Length: 1024\r\nConnection: keep-alive\r\n\r\n" + string(make([]byte, 1024))

// All that a plain request costs besides kernel and engine.
func BenchmarkHandle(b *testing.B) {
	for name, request := range map[string]string{"short": shortRequest, "browser": browsersRequest} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			handled(b, request, kibibyte, func(handle func()) {
				for b.Loop() {
					handle()
				}
			})
		})
	}
}
