//go:build !race

package proxy

import (
	"net"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/conn"
	"causeway/internal/gateway"
)

// deaf is a log that keeps nothing.
type deaf struct{}

func (deaf) Write(*accesslog.Record) {}

// oneByOne is a gateway on loopback whose member answers any request, allocating nothing, and a client that asks again
// and again on one connection.
func oneByOne(t testing.TB, engine, request string, ask func(func())) {
	e, why := conn.New(engine, 1)
	if why != nil {
		t.Skip(why)
	}
	defer e.Close()
	w := newWorld(t)
	w.engine = e
	w.play(func(w *world) {
		w.proxy.log = deaf{}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		w.atEnd(func() { ln.Close() })
		w.work.Go(func() {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			answer, buf := []byte(ok), make([]byte, 4<<10)
			for {
				if _, err := c.Read(buf); err != nil {
					return
				}
				c.Write(answer)
			}
		})
		w.config.Pools[0].Members = append(w.config.Pools[0].Members, gateway.Address{IP: "127.0.0.1"})
		w.config.Settings[0].Port = ln.Addr().(*net.TCPAddr).Port
		w.start()
		c, err := net.Dial("tcp", w.fronts["public:80"].String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Minute))
		in, buf := []byte(request), make([]byte, 4<<10)
		ask(func() {
			c.Write(in)
			if n, err := c.Read(buf); err != nil || n == 0 {
				t.Fatal(n, err)
			}
		})
	})
}

const (
	plainGet  = "GET /x?y HTTP/1.1\r\nHost: example.org\r\nUser-Agent: story\r\nAccept: */*\r\n\r\n"
	plainPost = "POST /x?y HTTP/1.1\r\nHost: example.org\r\nUser-Agent: story\r\nContent-Length: 5\r\n\r\nhello"
)

// A plain request on kept connections costs next to no memory, of client, gateway and member together.
func TestPlainRequestHardlyAllocates(t *testing.T) {
	for _, engine := range engines {
		for _, request := range []string{plainGet, plainPost} {
			oneByOne(t, engine, request, func(ask func()) {
				for range 100 {
					ask()
				}
				if n := testing.AllocsPerRun(500, ask); n >= 1 {
					t.Errorf("%v allocations per %s on %s", n, request[:4], engine)
				}
			})
		}
	}
}

// Without kernel and engine, a request allocates nothing: no phase of it, and no attempt.
func TestHandlingAllocatesNothing(t *testing.T) {
	for _, request := range []string{plainGet, plainPost, shortRequest, browsersRequest} {
		handled(t, request, kibibyte, func(handle func()) {
			handle()
			if n := testing.AllocsPerRun(1000, handle); n != 0 {
				t.Errorf("%v allocations per %q", n, request[:30])
			}
		})
	}
}

func BenchmarkPlainRequest(b *testing.B) {
	for _, engine := range engines {
		b.Run(engine, func(b *testing.B) {
			b.ReportAllocs()
			oneByOne(b, engine, plainGet, func(ask func()) {
				for b.Loop() {
					ask()
				}
			})
		})
	}
}
