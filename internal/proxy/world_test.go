package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/backend"
	"causeway/internal/conn"
	"causeway/internal/conn/conntest"
	"causeway/internal/fault"
	"causeway/internal/gateway"
	"causeway/internal/resolve"
	"causeway/internal/route"
	"causeway/internal/telemetry"
)

// world is a gateway with its members and clients, in memory or on loopback.
type world struct {
	testing.TB
	mem       *conntest.Network // nil: sockets
	engine    conn.Engine
	proxy     *Proxy
	metrics   *telemetry.Metrics
	log       *collector
	directory *backend.Directory
	set       *backend.Set
	config    *gateway.Config
	local     gateway.Local
	pairs     map[string]*tls.Certificate
	revision  uint64
	fronts    map[string]netip.AddrPort // by listen address
	endsMu    sync.Mutex
	ends      []func()
	work      sync.WaitGroup
}

// collector keeps what the log would say, read back from it.
type collector struct {
	mu   sync.Mutex
	rows []accesslog.Record
}

func (l *collector) Write(r *accesslog.Record) {
	back, _, err := accesslog.Decode(r.Append(nil))
	if err != nil {
		panic(err)
	}
	l.mu.Lock()
	l.rows = append(l.rows, back)
	l.mu.Unlock()
}

func (l *collector) all() []accesslog.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]accesslog.Record(nil), l.rows...)
}

// inTime tells a story in memory and in fake time.
func inTime(t *testing.T, story func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.mem = new(conntest.Network)
		w.engine = conn.NewGoroutinesOver(w.mem.Dial, nil)
		w.play(story)
	})
}

// engines are those that work on sockets.
var engines = []string{conn.EngineGoroutines, conn.EngineEpoll}

// onSockets tells a story on loopback, on each engine.
func onSockets(t *testing.T, story func(w *world)) {
	t.Helper()
	for _, name := range engines {
		t.Run(name, func(t *testing.T) {
			e, why := conn.New(name, 2)
			if why != nil {
				t.Skip(why)
			}
			defer e.Close()
			w := newWorld(t)
			w.engine = e
			w.play(story)
		})
	}
}

func newWorld(t testing.TB) *world {
	return &world{
		TB:      t,
		metrics: telemetry.New(),
		log:     &collector{},
		config:  plain(),
		local:   gateway.DefaultLocal(),
		fronts:  map[string]netip.AddrPort{},
	}
}

func (w *world) play(story func(w *world)) {
	w.engine.Set(func(o *conn.Options) {
		o.Panic = func(v any, stack []byte) { w.Errorf("panic: %v\n%s", v, stack) }
		o.AcceptError = func(error) {}
	})
	w.local.Members = map[string]string{}
	w.directory = backend.NewDirectory(func(context.Context, string) (resolve.Answer, error) {
		return resolve.Answer{},
			resolve.ErrNoAddress
	})
	w.proxy = New(Options{Engine: w.engine, Log: w.log, Metrics: w.metrics})
	defer w.end()
	story(w)
}

func (w *world) atEnd(f func()) {
	w.endsMu.Lock()
	w.ends = append(w.ends, f)
	w.endsMu.Unlock()
}

func (w *world) end() {
	for _, f := range w.ends {
		f()
	}
	w.proxy.Shutdown(time.Now().Add(2 * time.Second))
	w.engine.Each(func(h *conn.Loop) { h.Pool.Sweep(time.Now().Add(time.Hour)) })
	w.directory.Close()
	w.work.Wait()
}

// plain is a v2 gateway with one listener on port 80 and an empty pool.
func plain() *gateway.Config {
	return &gateway.Config{
		ID:   "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw",
		Name: "gw", SKU: gateway.SKU{Name: "Standard_v2", Tier: "Standard_v2"},
		FrontendIPs:   []gateway.FrontendIP{{Name: "public"}},
		FrontendPorts: []gateway.FrontendPort{{Name: "http", Port: 80}},
		Pools:         []gateway.Pool{{Name: "pool"}},
		Settings: []gateway.Settings{{
			Name: "settings", Port: 80, Protocol: "Http", RequestTimeout: 20, DrainTimeout: 30,
			ValidateChain: true, ValidateSNI: true,
		}},
		Listeners: []gateway.Listener{{Name: "listener", FrontendIP: "public", FrontendPort: "http", Protocol: "Http"}},
		Rules: []gateway.Rule{{
			Name: "rule", Type: "Basic", Priority: 100, Listener: "listener",
			Target: gateway.Target{Pool: "pool", Settings: "settings"},
		}},
	}
}

// member adds a server to the pool. Each of its connections is given to serve.
func (w *world) member(serve func(*peer)) *member {
	w.Helper()
	m := &member{w: w, name: fmt.Sprintf("10.0.0.%d", len(w.config.Pools[0].Members)+4)}
	ln := w.listen(netip.MustParseAddrPort(m.name + ":80"))
	m.addr = ln.Addr().(*net.TCPAddr).AddrPort()
	w.local.Members[m.name] = m.addr.String()
	w.config.Pools[0].Members = append(w.config.Pools[0].Members, gateway.Address{IP: m.name})
	m.stop = func() { ln.Close() }
	w.atEnd(m.stop)
	w.work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			m.mu.Lock()
			m.conns++
			m.mu.Unlock()
			w.work.Go(func() {
				defer c.Close()
				serve(&peer{Conn: c, Reader: bufio.NewReader(c), m: m})
			})
		}
	})
	return m
}

func (w *world) listen(at netip.AddrPort) net.Listener {
	w.Helper()
	var ln net.Listener
	var err error
	if w.mem != nil {
		ln, err = w.mem.Listen(at)
	} else {
		ln, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		w.Fatal(err)
	}
	return ln
}

// member is a scripted server.
type member struct {
	w    *world
	name string
	addr netip.AddrPort
	stop func()

	mu    sync.Mutex
	conns int
	seen  []request
}

type request struct {
	*http.Request
	body string
}

// heads are the requests that arrived, first lines only.
func (m *member) heads() (out []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.seen {
		out = append(out, r.Method+" "+r.RequestURI)
	}
	return out
}

func (m *member) last() request {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.seen) == 0 {
		m.w.Fatalf("member %s saw no request", m.name)
	}
	return m.seen[len(m.seen)-1]
}

func (m *member) connections() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.conns
}

// peer is one connection to a member, seen from there.
type peer struct {
	net.Conn
	*bufio.Reader
	m *member
}

func (p *peer) Read(b []byte) (int, error) { return p.Reader.Read(b) }

// request takes one request with its body; false is the end.
func (p *peer) request() bool {
	r, err := http.ReadRequest(p.Reader)
	if err != nil {
		return false
	}
	body, err := io.ReadAll(r.Body)
	p.m.mu.Lock()
	p.m.seen = append(p.m.seen, request{r, string(body)})
	p.m.mu.Unlock()
	return err == nil
}

func (p *peer) say(s string) { io.WriteString(p.Conn, s) }

// reset aborts the connection.
func (p *peer) reset() {
	p.Conn.(interface{ SetLinger(int) error }).SetLinger(0)
	p.Conn.Close()
}

// answers serves every request with the same bytes.
func answers(s string) func(*peer) {
	return func(p *peer) {
		for p.request() {
			p.say(s)
		}
	}
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// start applies the configuration; every member with an address counts as healthy.
func (w *world) start() {
	w.Helper()
	if err := w.apply(); err != nil {
		w.Fatal(err)
	}
}

func (w *world) apply() error {
	set, err := w.directory.Build(w.config, w.local)
	if err != nil {
		return err
	}
	for _, g := range set.Groups() {
		for _, m := range g.Members() {
			if !m.State().Probed {
				w.directory.Judge(m, backend.State{Probed: true, Up: true, LastProbe: time.Now()})
			}
		}
	}
	listenAddr := func(frontend string, port int) string { return fmt.Sprint(frontend, ":", port) }
	table, err := route.Compile(w.config, set, w.pairs, listenAddr)
	if err != nil {
		return err
	}
	w.revision++
	w.set = set
	w.proxy.Apply(table, w.local, w.revision)
	for i, p := range table.Ports() {
		if !w.proxy.Serving(p.Key) {
			ln := w.listen(netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(8000+i)))
			w.fronts[p.Key] = ln.Addr().(*net.TCPAddr).AddrPort()
			w.proxy.Serve(p.Key, ln)
		}
	}
	return nil
}

// client connects to the first port.
func (w *world) client() *client {
	w.Helper()
	return w.clientOf(w.proxy.State().Table.Ports()[0].Key)
}

func (w *world) clientOf(listenAddr string) *client {
	w.Helper()
	var c net.Conn
	var err error
	if w.mem != nil {
		c, err = w.mem.Dial(w.fronts[listenAddr], time.Now().Add(time.Second))
	} else {
		c, err = net.Dial("tcp", w.fronts[listenAddr].String())
	}
	if err != nil {
		w.Fatal(err)
	}
	w.atEnd(func() { c.Close() })
	if w.mem == nil {
		c.SetDeadline(time.Now().Add(20 * time.Second)) // a test that hangs says where
	}
	return &client{Conn: c, r: bufio.NewReader(c), w: w}
}

// client speaks raw HTTP to the gateway.
type client struct {
	net.Conn
	r *bufio.Reader
	w *world
}

func (c *client) say(s string) *client {
	c.w.Helper()
	if _, err := io.WriteString(c.Conn, s); err != nil {
		c.w.Errorf("write to the gateway: %v", err)
	}
	return c
}

func (c *client) Read(b []byte) (int, error) { return c.r.Read(b) }

// response is the next answer, with its body read.
type response struct {
	*http.Response
	body string
	err  error // of the body
}

func (c *client) answer(method string) response {
	c.w.Helper()
	r, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		c.w.Fatalf("no answer from the gateway: %v", err)
	}
	b, err := io.ReadAll(r.Body)
	return response{r, string(b), err}
}

// rest is everything up to the end of the connection.
func (c *client) rest() string {
	b, _ := io.ReadAll(c.r)
	return string(b)
}

// get asks on a connection of its own.
func (w *world) get(path string) response {
	w.Helper()
	c := w.client()
	defer c.Close()
	return c.say("GET " + path + " HTTP/1.1\r\nHost: example.org\r\n\r\n").answer("GET")
}

// settle lets everything that is under way in memory arrive.
func (w *world) settle() {
	time.Sleep(time.Second)
	synctest.Wait()
}

// row waits until n records were written and returns the last.
func (w *world) row(n int) accesslog.Record {
	w.Helper()
	for range 20000 {
		if rows := w.log.all(); len(rows) >= n {
			if len(rows) > n {
				w.Fatalf("%d records, want %d", len(rows), n)
			}
			return rows[n-1]
		}
		time.Sleep(time.Millisecond)
	}
	w.Fatalf("%d records, want %d", len(w.log.all()), n)
	panic("not reached")
}

// says checks a record: status, error_info and fault as "side/phase/kind", "" for none.
func (w *world) says(r accesslog.Record, status int, info, what string) {
	w.Helper()
	if r.Status != status || r.ErrorInfo != info || word(r.Fault) != what {
		w.Errorf("the record says %d %s %q, want %d %s %q", r.Status, r.ErrorInfo, word(r.Fault), status, info, what)
	}
}

// tried checks the attempts of a record: the fault of each, "ok" for none.
func (w *world) tried(r accesslog.Record, want ...string) {
	w.Helper()
	var got []string
	for i := range r.Attempts {
		s := word(r.Attempts[i].Fault)
		if s == "" {
			s = "ok"
		}
		got = append(got, s)
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		w.Errorf("attempts: %v, want %v", got, want)
	}
}

func word(f fault.Fault) string {
	if f.None() {
		return ""
	}
	return fmt.Sprintf("%s/%s/%s", f.Side, f.Phase, f.Kind)
}

func (w *world) status(r response, want int) {
	w.Helper()
	if r.StatusCode != want {
		w.Errorf("status %d, want %d", r.StatusCode, want)
	}
}

// down makes a member unhealthy.
func (w *world) down(i int) {
	m := w.set.Groups()[0].Members()[i]
	w.directory.Judge(m, backend.State{Probed: true, Reason: "tcp_connect", LastProbe: time.Now()})
}
