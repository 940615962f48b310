package instance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/certs/certstest"
	"causeway/internal/conn"
	"causeway/internal/conn/conntest"
	"causeway/internal/gateway"
	"causeway/internal/resolve"
	"causeway/internal/telemetry"
)

// counting is a log that counts what failed.
type counting struct{ all, failed atomic.Int64 }

func (l *counting) Write(r *accesslog.Record) {
	l.all.Add(1)
	if r.Status != 200 || !r.Fault.None() {
		l.failed.Add(1)
	}
}

// gatewayOn is an instance on a network: mem, or loopback where that is nil.
func gatewayOn(mem *conntest.Network) (*Instance, *counting, *telemetry.Metrics) {
	return gatewayWith(mem, func(context.Context, string) (resolve.Answer, error) { return resolve.Answer{}, resolve.ErrNoAddress })
}

// gatewayWith is gatewayOn with a resolver.
func gatewayWith(mem *conntest.Network, lookup resolve.Lookup) (*Instance, *counting, *telemetry.Metrics) {
	var probes *conn.Loop
	var engine conn.Engine
	listen := func(address string) (net.Listener, error) { return net.Listen("tcp", address) }
	if mem != nil {
		engine = conn.NewGoroutinesOver(mem.Dial, nil)
		conn.NewGoroutinesOver(mem.Dial, func(h *conn.Loop) { probes = h })
		listen = func(address string) (net.Listener, error) { return mem.Listen(netip.MustParseAddrPort(address)) }
	} else {
		engine, _ = conn.New("", 2)
		conn.NewGoroutines(func(h *conn.Loop) { probes = h })
	}
	engine.Set(func(o *conn.Options) { o.AcceptError = func(error) {} })
	log, metrics := &counting{}, telemetry.New()
	i := New(Options{
		Engine: engine, Dialer: probes, Log: log, Metrics: metrics, Listen: listen,
		Lookup:     lookup,
		ListenAddr: func(_ string, port int) string { return fmt.Sprint("127.0.0.1:", port) },
	})
	return i, log, metrics
}

// document is a gateway on these ports for a pool of these members, all at one port.
func gatewayOf(memberPort int, members []string, ports ...int) *gateway.Config {
	c := &gateway.Config{
		Name: "gw", SKU: gateway.SKU{Tier: "Standard_v2"}, FrontendIPs: []gateway.FrontendIP{{Name: "public"}},
		Pools:    []gateway.Pool{{Name: "pool"}},
		Settings: []gateway.Settings{{Name: "settings", Port: memberPort, Protocol: "Http", RequestTimeout: 20, DrainTimeout: 30}},
	}
	for _, m := range members {
		c.Pools[0].Members = append(c.Pools[0].Members, gateway.Address{IP: m})
	}
	for i, p := range ports {
		n := fmt.Sprint(p)
		c.FrontendPorts = append(c.FrontendPorts, gateway.FrontendPort{Name: n, Port: p})
		c.Listeners = append(c.Listeners, gateway.Listener{Name: n, FrontendIP: "public", FrontendPort: n, Protocol: "Http"})
		c.Rules = append(c.Rules, gateway.Rule{
			Name:     n,
			Type:     "Basic",
			Priority: i + 1,
			Listener: n,
			Target:   gateway.Target{Pool: "pool", Settings: "settings"},
		})
	}
	return c
}

func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// web is a member on loopback that says ok and counts its connections.
func web(t *testing.T, at string, connections *atomic.Int64) {
	t.Helper()
	ln, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }),
		ConnState: func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				connections.Add(1)
			}
		},
	}
	go s.Serve(ln)
	t.Cleanup(func() { s.Close() })
}

// Under load the configuration changes again and again: members come and go, a listener too. No request fails.
func TestReloadUnderLoad(t *testing.T) {
	i, log, _ := gatewayOn(nil)
	port, second, members := freePort(t), freePort(t), freePort(t)
	var connections atomic.Int64
	for _, ip := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"} {
		web(t, fmt.Sprint(ip, ":", members), &connections)
	}
	apply := func(revision int, members int, hosts []string, ports ...int) {
		t.Helper()
		if err := i.Apply(t.Context(), gatewayOf(members, hosts, ports...), gateway.DefaultLocal(), uint64(revision)); err != nil {
			t.Fatal(err)
		}
	}
	apply(1, members, []string{"127.0.0.1", "127.0.0.2"}, port)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var asked, failed atomic.Int64
	for range 4 {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
			defer client.CloseIdleConnections()
			for {
				select {
				case <-stop:
					return
				default:
				}
				r, err := client.Get(fmt.Sprint("http://127.0.0.1:", port, "/"))
				if asked.Add(1); err != nil {
					failed.Add(1)
					t.Errorf("request failed: %v", err)
					continue
				}
				if b, err := io.ReadAll(r.Body); r.StatusCode != 200 || string(b) != "ok" || err != nil {
					failed.Add(1)
					t.Errorf("%d %q %v", r.StatusCode, b, err)
				}
				r.Body.Close()
			}
		})
	}
	for n := range 10 {
		hosts := [][]string{{"127.0.0.1", "127.0.0.2"}, {"127.0.0.3"}, {"127.0.0.2", "127.0.0.3"}}[n%3]
		ports := [][]int{{port}, {port, second}}[n%2]
		apply(n+2, members, hosts, ports...)
		time.Sleep(10 * time.Millisecond)
	}
	close(stop)
	wg.Wait()
	i.Close(time.Now().Add(5 * time.Second))
	if asked.Load() < 20 || failed.Load() > 0 || log.failed.Load() > 0 {
		t.Errorf("%d requests, %d failed, %d on record", asked.Load(), failed.Load(), log.failed.Load())
	}
}

// What does not change stays: the member's health and its connections.
func TestReloadKeepsWhatStays(t *testing.T) {
	i, _, _ := gatewayOn(nil)
	port, members := freePort(t), freePort(t)
	var connections atomic.Int64
	web(t, fmt.Sprint("127.0.0.1:", members), &connections)
	ask := func() {
		t.Helper()
		r, err := http.Get(fmt.Sprint("http://127.0.0.1:", port, "/"))
		if err != nil || r.StatusCode != 200 {
			t.Fatal(r, err)
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
	bad := gatewayOf(members, []string{"127.0.0.1"}, port)
	bad.Listeners[0].Protocol, bad.Listeners[0].SSLCertificate, bad.SSLCertificates = "Https", "cert",
		[]gateway.SSLCertificate{{Name: "cert"}}
	if err := i.Apply(t.Context(), bad, gateway.DefaultLocal(), 0); err == nil || strings.Contains(err.Error(), "stays in force") {
		t.Errorf("at the first start: %v", err)
	}
	for n := range 3 {
		if err := i.Apply(t.Context(), gatewayOf(members, []string{"127.0.0.1"}, port), gateway.DefaultLocal(), uint64(n)); err != nil {
			t.Fatal(err)
		}
		ask()
	}
	if n := connections.Load(); n != 2 { // of the one probe, and of all requests
		t.Errorf("%d connections", n)
	}
	// What is wrong changes nothing.
	err := i.Apply(t.Context(), bad, gateway.DefaultLocal(), 9)
	if err == nil || !strings.Contains(err.Error(), `"cert"`) || !strings.Contains(err.Error(), "stays in force") {
		t.Errorf("%v", err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err = i.Apply(t.Context(), gatewayOf(members, []string{"127.0.0.9"}, port, taken.Addr().(*net.TCPAddr).Port), gateway.DefaultLocal(),
		9); err == nil {
		t.Error("a port that is taken was taken")
	}
	ask()
	if h := i.Health().Pools[0].Settings[0].Servers; len(h) != 1 || h[0].Address != "127.0.0.1" || h[0].Health != "Up" {
		t.Errorf("%+v", h)
	}
	if hosts := i.Hosts(); len(hosts) != 1 || hosts[0] != (telemetry.Hosts{Pool: "pool", Settings: "settings", Healthy: 1}) {
		t.Errorf("%+v", hosts)
	}
	if n := connections.Load(); n != 2 {
		t.Errorf("%d connections after the refusals", n)
	}
	i.Close(time.Now())
	if err := i.Apply(t.Context(), gatewayOf(members, nil, port), gateway.DefaultLocal(), 10); err == nil {
		t.Error("applied after the end")
	}
}

// Whoever asked for a configuration may give up while it warms up: everything stays as it was.
func TestAbortedApplyChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := new(conntest.Network)
		ends := []func(){slow(t, mem, "10.0.0.4:80", 0), slow(t, mem, "10.0.0.5:80", 20*time.Second)}
		i, _, _ := gatewayOn(mem)
		if err := i.Apply(t.Context(), gatewayOf(80, []string{"10.0.0.4"}, 8080), gateway.DefaultLocal(), 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		begin := time.Now()
		err := i.Apply(ctx, gatewayOf(80, []string{"10.0.0.5"}, 8080, 8081), gateway.DefaultLocal(), 2)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "stays in force") ||
			time.Since(begin) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if h := i.Health().Pools[0].Settings[0].Servers; len(h) != 1 || h[0].Address != "10.0.0.4" {
			t.Errorf("%+v", h)
		}
		if got := i.ListenAddrs(); len(got) != 1 {
			t.Errorf("serving %v", got)
		}
		if _, err := mem.Dial(netip.MustParseAddrPort("127.0.0.1:8081"), time.Now().Add(time.Second)); !errors.Is(err,
			syscall.ECONNREFUSED) {
			t.Errorf("the new port is still bound: %v", err)
		}
		if err := i.Apply(t.Context(), gatewayOf(80, []string{"10.0.0.4"}, 8080, 8081), gateway.DefaultLocal(), 2); err != nil {
			t.Error(err)
		}
		i.Close(time.Now())
		for _, end := range ends {
			end()
		}
	})
}

// New members are waited for until their first probe, at most five seconds; meanwhile the old ones serve.
func TestFirstProbesAreWaitedFor(t *testing.T) {
	f := func(delay, want time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			mem := new(conntest.Network)
			ends := []func(){slow(t, mem, "10.0.0.4:80", 0), slow(t, mem, "10.0.0.5:80", delay)}
			i, log, _ := gatewayOn(mem)
			if err := i.Apply(t.Context(), gatewayOf(80, []string{"10.0.0.4"}, 8080), gateway.DefaultLocal(), 1); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			if err := i.Apply(t.Context(), gatewayOf(80, []string{"10.0.0.5"}, 8080), gateway.DefaultLocal(), 2); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begin); took != want {
				t.Errorf("a probe that takes %v held it up for %v, want %v", delay, took, want)
			}
			i.Close(time.Now())
			for _, end := range ends {
				end()
			}
			if log.all.Load() != 0 {
				t.Error("a probe is no request")
			}
		})
	}
	f(0, 0)
	f(3*time.Second, 3*time.Second)
	f(20*time.Second, 5*time.Second)
}

// slow is a member in memory that takes its time over every request.
func slow(t *testing.T, mem *conntest.Network, at string, delay time.Duration) (end func()) {
	return member(t, mem, at, func(string) time.Duration { return delay })
}

// slowWhenAsked is a member in memory that takes its time over /slow alone, and so over no probe.
func slowWhenAsked(t *testing.T, mem *conntest.Network, at string, delay time.Duration) (end func()) {
	return member(t, mem, at, func(path string) time.Duration {
		if path == "/slow" {
			return delay
		}
		return 0
	})
}

func member(t *testing.T, mem *conntest.Network, at string, delay func(path string) time.Duration) (end func()) {
	ln, err := mem.Listen(netip.MustParseAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					time.Sleep(delay(r.URL.Path))
					io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				}
			})
		}
	})
	return func() { ln.Close(); wg.Wait() }
}

// A port that goes and comes back at once is served again: its socket was free.
func TestListenerGoesAndComesBack(t *testing.T) {
	i, _, _ := gatewayOn(nil)
	one, two := freePort(t), freePort(t)
	for n := range 6 {
		ports := [][]int{{one, two}, {one}}[n%2]
		if err := i.Apply(t.Context(), gatewayOf(1, nil, ports...), gateway.DefaultLocal(), uint64(n)); err != nil {
			t.Fatal(err)
		}
		if got := i.ListenAddrs(); len(got) != len(ports) {
			t.Errorf("serving %v", got)
		}
	}
	i.Close(time.Now())
}

// Close keeps to its deadline, even for a removed listener that has an hour to drain.
func TestCloseShortensDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := new(conntest.Network)
		end := slowWhenAsked(t, mem, "10.0.0.4:80", time.Minute)
		i, _, _ := gatewayOn(mem)
		c := gatewayOf(80, []string{"10.0.0.4"}, 8080, 8081)
		c.Settings[0].DrainTimeout = 3600
		c.Settings[0].RequestTimeout = 600
		i.Apply(t.Context(), c, gateway.DefaultLocal(), 1)
		client, err := mem.Dial(netip.MustParseAddrPort("127.0.0.1:8081"), time.Now().Add(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(client, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
		time.Sleep(time.Second)
		next := gatewayOf(80, []string{"10.0.0.4"}, 8080)
		next.Settings[0].DrainTimeout = 3600
		i.Apply(t.Context(), next, gateway.DefaultLocal(), 2)
		begin := time.Now()
		i.Close(time.Now().Add(5 * time.Second))
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		client.Close()
		end()
	})
}

// A request on a listener that went has the drain timeout of the settings to end in: no less, and no more.
func TestRemovedListenerDrainsForAsLongAsTheSettingsSay(t *testing.T) {
	f := func(drain int, answer time.Duration, want string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			mem := new(conntest.Network)
			end := slowWhenAsked(t, mem, "10.0.0.4:80", answer)
			i, _, _ := gatewayOn(mem)
			c := gatewayOf(80, []string{"10.0.0.4"}, 8080, 8081)
			c.Settings[0].DrainTimeout, c.Settings[0].RequestTimeout = drain, 600
			i.Apply(t.Context(), c, gateway.DefaultLocal(), 1)
			client, err := mem.Dial(netip.MustParseAddrPort("127.0.0.1:8081"), time.Now().Add(time.Second))
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(client, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
			time.Sleep(time.Second)
			next := gatewayOf(80, []string{"10.0.0.4"}, 8080)
			next.Settings[0].DrainTimeout = drain
			i.Apply(t.Context(), next, gateway.DefaultLocal(), 2)
			begin := time.Now()
			got, _ := io.ReadAll(client)
			if !strings.HasPrefix(string(got), want) || want == "" && len(got) > 0 {
				t.Errorf("draining for %d s, an answer that takes %v: %q after %v", drain, answer, got, time.Since(begin))
			}
			client.Close()
			i.Close(time.Now())
			end()
		})
	}
	f(120, 100*time.Second, "HTTP/1.1 200")
	f(120, 140*time.Second, "")
	f(0, 20*time.Second, "HTTP/1.1 200") // 30 s at least
	f(0, 40*time.Second, "")
}

// A reload lets go of what only the configuration before used: its members, and the look-ups of their names.
func TestReloadForgetsTheConfigurationBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lookups atomic.Int64
		i, _, _ := gatewayWith(new(conntest.Network), func(context.Context, string) (resolve.Answer, error) {
			lookups.Add(1)
			return resolve.Answer{Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.4")}, TTL: time.Minute}, nil
		})
		named := gatewayOf(80, nil, 8080)
		named.Pools[0].Members = []gateway.Address{{FQDN: "app.example"}}
		i.Apply(t.Context(), named, gateway.DefaultLocal(), 1)
		time.Sleep(10*time.Minute + 30*time.Second) // between two look-ups
		if lookups.Load() < 5 {
			t.Fatalf("%d look-ups while the name was in use", lookups.Load())
		}
		i.Apply(t.Context(), gatewayOf(80, nil, 8080), gateway.DefaultLocal(), 2)
		lookups.Store(0)
		time.Sleep(time.Hour)
		if n := lookups.Load(); n != 0 {
			t.Errorf("%d look-ups of a name that no configuration holds any more", n)
		}
		i.Close(time.Now())
	})
}

// A configuration that never came into force leaves nothing behind: no look-ups, and no probes of its members.
func TestWhatNeverServedIsForgotten(t *testing.T) {
	for name, apply := range map[string]func(t *testing.T, i *Instance, mem *conntest.Network, c *gateway.Config) error{
		"the client left": func(t *testing.T, i *Instance, _ *conntest.Network, c *gateway.Config) error {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			return i.Apply(ctx, c, gateway.DefaultLocal(), 2)
		},
		"its port is taken": func(t *testing.T, i *Instance, mem *conntest.Network, c *gateway.Config) error {
			ln, err := mem.Listen(netip.MustParseAddrPort("127.0.0.1:8082"))
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			return i.Apply(t.Context(), c, gateway.DefaultLocal(), 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mem := new(conntest.Network)
				var probed, lookups atomic.Int64
				end := member(t, mem, "10.0.0.5:80", func(string) time.Duration { probed.Add(1); return 20 * time.Second })
				i, _, _ := gatewayWith(mem, func(context.Context, string) (resolve.Answer, error) {
					lookups.Add(1)
					return resolve.Answer{Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.5")}, TTL: time.Minute}, nil
				})
				if err := i.Apply(t.Context(), gatewayOf(80, nil, 8080), gateway.DefaultLocal(), 1); err != nil {
					t.Fatal(err)
				}
				named := gatewayOf(80, nil, 8080, 8081, 8082)
				named.Pools[0].Members = []gateway.Address{{FQDN: "app.example"}}
				if err := apply(t, i, mem, named); err == nil {
					t.Fatal("it was applied")
				}
				if _, err := mem.Dial(netip.MustParseAddrPort("127.0.0.1:8081"), time.Now().Add(time.Second)); !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("its other port is still bound: %v", err)
				}
				time.Sleep(time.Minute) // what is under way ends
				probed.Store(0)
				lookups.Store(0)
				time.Sleep(time.Hour)
				if p, l := probed.Load(), lookups.Load(); p != 0 || l != 0 {
					t.Errorf("%d probes and %d look-ups for a configuration that never served", p, l)
				}
				i.Close(time.Now())
				end()
			})
		})
	}
}

// A certificate may lie in files that causeway.yaml names.
func TestCertificateFromFiles(t *testing.T) {
	i, _, _ := gatewayOn(nil)
	defer func() { i.Close(time.Now()) }()
	cert, key := certstest.PEM(t, certstest.NewAuthority(t, "CA").Leaf("shop.example"))
	dir := t.TempDir()
	local := gateway.DefaultLocal()
	local.Certificates = map[string]gateway.KeyPair{"cert": {Cert: write(t, dir, "cert.pem", cert), Key: write(t, dir, "key.pem", key)}}
	c := gatewayOf(1, nil, freePort(t))
	c.Listeners[0].Protocol, c.Listeners[0].SSLCertificate, c.SSLCertificates = "Https", "cert", []gateway.SSLCertificate{{Name: "cert"}}
	if err := i.Apply(t.Context(), c, local, 1); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
