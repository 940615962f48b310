package conn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/conn/conntest"
)

// world is an engine with its network, one server on it, and a peer of that server's handler to dial.
type world struct {
	*testing.T
	e       Engine
	loop    *Loop
	on      coroutines        // nil on goroutines
	mem     *conntest.Network // nil on sockets
	tls     *tls.Config
	server  Server
	front   netip.AddrPort
	peers   sync.WaitGroup
	closers []io.Closer // closed once the server has shut down
}

// coroutines is an engine on which a Conn may be used in its loop only.
type coroutines interface {
	runCoroutine(f func()) // in a coroutine, waiting for its end
	post(f func()) bool    // from outside of coroutines
}

// newEvents makes an engine on event loops, if there is one here.
var newEvents func() (e Engine, home *Loop, loop coroutines, end func())

// run runs f where a Conn may be used.
func (w *world) run(f func()) {
	if w.on == nil {
		f()
		return
	}
	w.on.runCoroutine(f)
}

// aside runs f where a Conn may be used while a coroutine waits.
func (w *world) aside(f func()) {
	if w.on == nil {
		f()
		return
	}
	w.on.post(f)
}

// each runs a story on every engine, plain and under TLS, and checks that nothing is left running.
func each(t *testing.T, story func(w *world)) {
	names := []string{"memory", "goroutine"}
	if newEvents != nil {
		names = append(names, "epoll")
	}
	for _, name := range names {
		for _, layer := range []string{"plain", "tls"} {
			t.Run(name+"/"+layer, func(t *testing.T) {
				play := func(t *testing.T) {
					w := newWorld(t, name == "memory", layer == "tls")
					if name == "epoll" {
						var end func()
						w.e, w.loop, w.on, end = newEvents()
						w.e.Set(func(o *Options) {
							o.Panic = func(v any, stack []byte) { t.Errorf("panic: %v\n%s", v, stack) }
						})
						defer end()
					}
					story(w)
					w.end()
				}
				if name == "memory" {
					synctest.Test(t, play) // fails by itself if a goroutine is left
					return
				}
				noLeak(t, func() { play(t) })
			})
		}
	}
}

func noLeak(t *testing.T, f func()) {
	t.Helper()
	before := runtime.NumGoroutine()
	f()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	b := make([]byte, 1<<20)
	t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), b[:runtime.Stack(b, true)])
}

func newWorld(t *testing.T, memory, secured bool) *world {
	w := &world{T: t}
	if memory {
		w.mem = new(conntest.Network)
		w.e = NewGoroutinesOver(w.mem.Dial, func(h *Loop) { w.loop = h })
	} else {
		w.e = NewGoroutines(func(h *Loop) { w.loop = h })
	}
	if secured {
		w.tls = testTLS()
	}
	w.e.Set(func(o *Options) {
		o.Panic = func(v any, stack []byte) { t.Errorf("panic: %v\n%s", v, stack) }
	})
	return w
}

func (w *world) end() {
	if w.server != nil {
		w.server.Shutdown(time.Now().Add(5 * time.Second))
	}
	w.e.Each(func(h *Loop) { h.Pool.Sweep(time.Now().Add(time.Hour)) })
	w.run(func() {
		for _, c := range w.closers {
			c.Close()
		}
	})
	w.peers.Wait()
	if n := w.e.Live(); n != 0 {
		w.Errorf("%d connections live at the end", n)
	}
}

func (w *world) listen() net.Listener {
	w.Helper()
	any := netip.MustParseAddrPort("127.0.0.1:0")
	var ln net.Listener
	var err error
	if w.mem != nil {
		ln, err = w.mem.Listen(any)
	} else {
		ln, err = net.Listen("tcp", any.String())
	}
	if err != nil {
		w.Fatal(err)
	}
	return ln
}

// serve starts the server. Under TLS the first call of the handler runs the handshake.
func (w *world) serve(open Open) {
	ln := w.listen()
	w.front = address(ln.Addr())
	w.server = w.e.Serve(ln, func(h *Loop, c Conn) Handler {
		if w.tls == nil {
			return open(h, c)
		}
		var handle Handler
		return func() bool {
			if handle != nil {
				return handle()
			}
			s, err := TLS(c, tls.Server, w.tls)
			if err != nil {
				return false
			}
			handle = open(h, s)
			return true
		}
	})
}

// dial is a client of an address.
func (w *world) dial(to netip.AddrPort) net.Conn {
	w.Helper()
	var c net.Conn
	var err error
	if w.mem != nil {
		c, err = w.mem.Dial(to, time.Time{})
	} else {
		c, err = net.Dial("tcp", to.String())
	}
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// client is a client of the server.
func (w *world) client() net.Conn {
	w.Helper()
	c := w.dial(w.front)
	if w.tls != nil {
		return tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	}
	return c
}

// backend accepts and serves connections until the world ends.
func (w *world) backend(serve func(c net.Conn)) netip.AddrPort {
	ln := w.listen()
	w.peers.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			w.peers.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	w.closers = append(w.closers, ln)
	return address(ln.Addr())
}

var testTLS = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{"test.example"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
})

// lines is a handler that answers each line: "x" with "x!".
func lines(idle time.Duration) Open {
	return func(_ *Loop, c Conn) Handler {
		var got []byte
		c.SetReadDeadline(time.Now().Add(idle))
		return func() bool {
			b := make([]byte, 1000)
			n, err := c.Read(b)
			if err != nil {
				return false
			}
			got = append(got, b[:n]...)
			for {
				line, rest, ok := strings.Cut(string(got), "\n")
				if !ok {
					c.SetReadDeadline(time.Now().Add(idle))
					return true
				}
				got = []byte(rest)
				if _, err = c.Writev([]byte(line), []byte("!\n")); err != nil {
					return false
				}
			}
		}
	}
}

func expect(t *testing.T, r io.Reader, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if n, err := io.ReadFull(r, b); err != nil || string(b) != want {
		t.Fatalf("read %.80q, %v; want %.80q", b[:n], err, want)
	}
}

func send(t *testing.T, w io.Writer, s string) {
	t.Helper()
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatalf("write %.80q: %v", s, err)
	}
}

func TestTurns(t *testing.T) {
	each(t, func(w *world) {
		w.serve(lines(time.Minute))
		c := w.client()
		defer c.Close()
		for i := range 20 {
			send(w.T, c, fmt.Sprintf("%d\n", i))
			expect(w.T, c, fmt.Sprintf("%d!\n", i))
		}
		for range 100 { // two records in one segment: what is left inside crypto/tls raises no edge
			send(w.T, c, "a\nb\n")
			send(w.T, c, "c\n")
			expect(w.T, c, "a!\nb!\nc!\n")
		}
		for _, p := range []string{"in", " pie", "ces", "\n"} {
			send(w.T, c, p)
			time.Sleep(5 * time.Millisecond)
		}
		expect(w.T, c, "in pieces!\n")
	})
}
