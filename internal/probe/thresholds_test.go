package probe

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/backend"
	"causeway/internal/conn"
	"causeway/internal/conn/conntest"
	"causeway/internal/fault"
	"causeway/internal/gateway"
	"causeway/internal/resolve"
)

// site is a pool under one settings object in memory and in fake time, being probed.
type site struct {
	*testing.T
	mem       *conntest.Network
	config    *gateway.Config
	directory *backend.Directory
	prober    *Prober
	set       *backend.Set
	followed  atomic.Pointer[backend.Set]
	lookup    func(name string) (resolve.Answer, error)
	ends      []func()
	work      sync.WaitGroup
}

func inTime(t *testing.T, story func(s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &site{T: t, mem: new(conntest.Network)}
		s.config = &gateway.Config{
			SKU: gateway.SKU{Tier: "Standard_v2"}, Pools: []gateway.Pool{{Name: "pool"}},
			Settings:  []gateway.Settings{{Name: "settings", Port: 80, Protocol: "Http", RequestTimeout: 20}},
			Listeners: []gateway.Listener{{Name: "l"}},
			Rules:     []gateway.Rule{{Name: "r", Listener: "l", Target: gateway.Target{Pool: "pool", Settings: "settings"}}},
		}
		var home *conn.Loop
		conn.NewGoroutinesOver(s.mem.Dial, func(h *conn.Loop) { home = h })
		s.directory = backend.NewDirectory(func(_ context.Context, name string) (resolve.Answer, error) { return s.lookup(name) })
		s.prober = New(s.directory, home, nil)
		s.directory.Changed = func() {
			if set := s.followed.Load(); set != nil {
				s.prober.Follow(s.config.V1(), set)
			}
		}
		story(s)
		for _, f := range s.ends {
			f()
		}
		s.prober.Close()
		s.directory.Close()
		s.work.Wait()
	})
}

// custom gives the settings a probe of their own.
func (s *site) custom(interval, timeout, threshold int) *gateway.Probe {
	s.config.Probes = []gateway.Probe{{
		Name: "probe", Protocol: "Http", Path: "/health", Interval: interval, Timeout: timeout, UnhealthyThreshold: threshold,
		Match: gateway.Match{StatusCodes: []gateway.StatusRange{{From: 200, To: 399}}},
	}}
	s.config.Settings[0].Probe = "probe"
	return &s.config.Probes[0]
}

// member is a server whose status can be set; 0 closes without an answer.
type member struct {
	status atomic.Int64
	after  atomic.Int64 // nanoseconds that an answer takes
	probes chan *http.Request
	times  []time.Time
	mu     sync.Mutex
}

func (s *site) member(ip string) *member {
	s.config.Pools[0].Members = append(s.config.Pools[0].Members, gateway.Address{IP: ip})
	return s.serve(ip)
}

func (s *site) serve(ip string) *member {
	m := &member{probes: make(chan *http.Request, 1000)}
	m.status.Store(200)
	ln, err := s.mem.Listen(netip.MustParseAddrPort(ip + ":80"))
	if err != nil {
		s.Fatal(err)
	}
	s.ends = append(s.ends, func() { ln.Close() })
	s.work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s.work.Go(func() { m.answer(c) })
		}
	})
	return m
}

func (m *member) answer(c net.Conn) {
	defer c.Close()
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	m.mu.Lock()
	m.times = append(m.times, time.Now())
	m.mu.Unlock()
	m.probes <- r
	time.Sleep(time.Duration(m.after.Load()))
	if status := m.status.Load(); status > 0 {
		fmt.Fprintf(c, "HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n", status)
	}
}

// seen is how many probes came.
func (m *member) seen() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.times)
}

func (s *site) start() {
	var err error
	if s.set, err = s.directory.Build(s.config, gateway.DefaultLocal()); err != nil {
		s.Fatal(err)
	}
	s.followed.Store(s.set)
	s.prober.Follow(s.config.V1(), s.set)
}

func (s *site) members() []*backend.Member { return s.set.Groups()[0].Members() }

// is checks whether the first member is healthy now.
func (s *site) is(up bool) {
	s.Helper()
	synctest.Wait()
	if got := s.members()[0].Up(); got != up {
		s.Errorf("up %v, want %v (%+v)", got, up, s.members()[0].State())
	}
}

// A member is unhealthy until its first success, healthy from then on, and unhealthy again after three failures in a
// row, an interval apart; one success heals it.
func TestThresholdOnV2(t *testing.T) {
	inTime(t, func(s *site) {
		m := s.member("10.0.0.4")
		s.custom(20, 10, 3)
		s.start()
		s.is(true)
		time.Sleep(time.Second)
		m.status.Store(503)
		for n := range 2 { // the member keeps its state, and says what comes
			time.Sleep(20 * time.Second)
			s.is(true)
			doc, want := s.set.Health(s.config).Pools[0].Settings[0].Servers[0], fmt.Sprintf("Still Up: %d of the 3 failed probes in a row", n+1)
			if doc.Health != "Up" || !strings.HasPrefix(doc.Detail, want) || !strings.Contains(doc.Detail, "Received: 503") ||
				strings.Contains(doc.Detail, "Success") || doc.Causeway.Reason != "" {
				t.Errorf("%+v %+v", doc, doc.Causeway)
			}
		}
		time.Sleep(20 * time.Second) // the third
		s.is(false)
		state := s.members()[0].State()
		if state.Reason != "status_mismatch" || state.Received != 503 || state.Failures != 3 {
			t.Errorf("%+v", state)
		}
		m.status.Store(200)
		time.Sleep(20 * time.Second)
		s.is(true)
		doc := s.set.Health(s.config).Pools[0].Settings[0].Servers[0]
		if doc.Health != "Up" || doc.Detail != "Success. Received 200 status code" || doc.Causeway.Failures != 0 ||
			len(doc.Causeway.Transitions) != 3 {
			t.Errorf("%+v %+v", doc, doc.Causeway)
		}
		if !strings.Contains(doc.Causeway.Transitions[1], "Down status_mismatch") {
			t.Error(doc.Causeway.Transitions)
		}
	})
}

// A success in between starts the count again.
func TestFailuresMustBeConsecutive(t *testing.T) {
	inTime(t, func(s *site) {
		m := s.member("10.0.0.4")
		s.custom(10, 5, 2)
		s.start()
		time.Sleep(time.Second)
		for range 5 {
			m.status.Store(500)
			time.Sleep(10 * time.Second)
			m.status.Store(200)
			time.Sleep(10 * time.Second)
			s.is(true)
		}
	})
}

// The first generation follows a failure up in quick succession.
func TestThresholdOnV1(t *testing.T) {
	inTime(t, func(s *site) {
		s.config.SKU.Tier = "Standard"
		m := s.member("10.0.0.4")
		s.custom(20, 10, 3)
		s.start()
		time.Sleep(time.Second)
		m.status.Store(503)
		time.Sleep(19*time.Second + 400*time.Millisecond)
		s.is(true)
		time.Sleep(200 * time.Millisecond)
		s.is(false)
		if n := m.seen(); n != 4 {
			t.Errorf("%d probes", n)
		}
		time.Sleep(39 * time.Second) // and then at its pace
		if n := m.seen(); n != 5 {
			t.Errorf("%d probes", n)
		}
	})
}

// Without a custom probe: GET / of 127.0.0.1 every 30 seconds.
func TestDefaultProbe(t *testing.T) {
	inTime(t, func(s *site) {
		m := s.member("10.0.0.4")
		s.start()
		time.Sleep(91 * time.Second)
		if m.seen() != 4 {
			t.Errorf("%d probes", m.seen())
		}
		r := <-m.probes
		if r.Method != "GET" || r.RequestURI != "/" || r.Host != "127.0.0.1" || !r.Close {
			t.Errorf("%s %s of %s", r.Method, r.RequestURI, r.Host)
		}
	})
}

func TestHostOfTheProbe(t *testing.T) {
	f := func(edit func(s *gateway.Settings, p *gateway.Probe), host, path string) {
		t.Helper()
		inTime(t, func(s *site) {
			m := s.member("10.0.0.4")
			edit(&s.config.Settings[0], s.custom(30, 30, 3))
			s.start()
			time.Sleep(time.Second)
			if r := <-m.probes; r.Host != host || r.RequestURI != path {
				t.Errorf("%s of %s, want %s of %s", r.RequestURI, r.Host, path, host)
			}
		})
	}
	f(func(s *gateway.Settings, p *gateway.Probe) {}, "127.0.0.1", "/health")
	f(func(s *gateway.Settings, p *gateway.Probe) { p.Host = "app.example" }, "app.example", "/health")
	f(func(s *gateway.Settings, p *gateway.Probe) { s.HostName = "inner.example" }, "inner.example", "/health")
	f(func(s *gateway.Settings, p *gateway.Probe) { s.HostName, p.Host = "inner.example", "app.example" }, "app.example", "/health")
	f(func(s *gateway.Settings, p *gateway.Probe) {
		s.HostName, p.Host, p.PickHostFromSettings = "inner.example", "app.example", true
	}, "inner.example", "/health")
	f(func(s *gateway.Settings, p *gateway.Probe) {
		s.PickHostFromAddress, p.PickHostFromSettings = true, true
	}, "10.0.0.4", "/health")
}

// With minServers that many are used whatever the probes say: those that were healthy last come first.
func TestMinServers(t *testing.T) {
	inTime(t, func(s *site) {
		a, b := s.member("10.0.0.4"), s.member("10.0.0.5")
		s.custom(10, 5, 1).MinServers = 1
		s.start()
		time.Sleep(time.Second)
		b.status.Store(500)
		time.Sleep(10 * time.Second)
		a.status.Store(500)
		time.Sleep(10 * time.Second)
		g := s.set.Groups()[0]
		for range 3 {
			m, _, f := g.Pick(nil)
			if !f.None() || m.Name != "10.0.0.4" {
				t.Errorf("picked %v, %v", m, f)
			}
		}
		if h := s.set.Health(s.config).Pools[0].Settings[0].Servers; h[0].Health != "Down" || h[1].Health != "Down" {
			t.Errorf("their health is still told as it is: %+v", h)
		}
	})
	inTime(t, func(s *site) {
		s.member("10.0.0.4").status.Store(500)
		s.start()
		time.Sleep(time.Second)
		if _, _, f := s.set.Groups()[0].Pick(nil); f.Kind != fault.NoHealthy {
			t.Errorf("%+v", f)
		}
	})
}

// Probes of a series never overlap, and one that is slow is late, not double.
func TestSlowProbesDoNotOverlap(t *testing.T) {
	inTime(t, func(s *site) {
		s.config.Pools[0].Members = []gateway.Address{{IP: "10.0.0.4"}}
		s.mem.Blackhole(netip.MustParseAddrPort("10.0.0.4:80"), true)
		s.custom(5, 30, 2)
		s.start()
		time.Sleep(34 * time.Second)
		if st := s.members()[0].State(); st.Failures != 1 || st.Reason != "tcp_connect" || st.Code != "timeout" {
			t.Errorf("%+v", st)
		}
		time.Sleep(2 * 35 * time.Second)
		if st := s.members()[0].State(); st.Failures != 3 {
			t.Errorf("%+v", st)
		}
	})
}

// The name of a member moves: its new address is used at once, and a resolution that fails later changes nothing.
func TestNameMoves(t *testing.T) {
	inTime(t, func(s *site) {
		one, two := netip.MustParseAddr("10.0.0.4"), netip.MustParseAddr("10.0.0.5")
		var step atomic.Int32
		s.lookup = func(string) (resolve.Answer, error) {
			switch step.Load() {
			case 0:
				return resolve.Answer{Addrs: []netip.Addr{one}, TTL: 10 * time.Second}, nil
			case 1:
				return resolve.Answer{Addrs: []netip.Addr{two}, TTL: 10 * time.Second}, nil
			}
			return resolve.Answer{}, resolve.ErrNoAddress
		}
		s.config.Pools[0].Members = []gateway.Address{{FQDN: "app.example"}}
		first, second := s.serve("10.0.0.4"), s.serve("10.0.0.5")
		s.start()
		time.Sleep(time.Second)
		s.is(true)
		step.Store(1)
		time.Sleep(10 * time.Second)
		if m := s.members(); len(m) != 1 || m[0].Addr.Addr() != two {
			t.Fatalf("%v", m)
		}
		s.is(true)
		if first.seen() != 1 || second.seen() != 1 {
			t.Errorf("probed %d and %d times", first.seen(), second.seen())
		}
		step.Store(2)
		time.Sleep(time.Minute)
		if m := s.members(); m[0].Addr.Addr() != two {
			t.Errorf("the last known good address is given up: %v", m[0].Addr)
		}
		s.is(true)
	})
}

func TestNameThatDoesNotResolve(t *testing.T) {
	inTime(t, func(s *site) {
		s.lookup = func(string) (resolve.Answer, error) { return resolve.Answer{}, resolve.ErrNoAddress }
		s.config.Pools[0].Members = []gateway.Address{{FQDN: "gone.example"}}
		s.start()
		time.Sleep(time.Minute)
		doc := s.set.Health(s.config).Pools[0].Settings[0].Servers[0]
		if doc.Health != "Unknown" || doc.Causeway.Reason != "dns_resolution" ||
			!strings.Contains(doc.Detail, "could not create a probe") || !strings.Contains(doc.Detail, "FQDN") {
			t.Errorf("%+v", doc)
		}
		if n := len(doc.Causeway.Transitions); n != 1 {
			t.Errorf("%d transitions: %v", n, doc.Causeway.Transitions)
		}
	})
}

// Another configuration keeps the health of the members it shares, probes on where nothing changed, and begins anew
// where the probe did.
func TestFollowAnotherConfiguration(t *testing.T) {
	inTime(t, func(s *site) {
		m := s.member("10.0.0.4")
		s.custom(30, 30, 3)
		s.start()
		time.Sleep(time.Second)
		old, member := s.set, s.members()[0]
		s.start() // the same again
		old.Release()
		s.is(true)
		if s.members()[0] != member || m.seen() != 1 {
			t.Errorf("the member is another, or was probed anew: %d", m.seen())
		}
		s.config.Probes[0].Path = "/other"
		old = s.set
		var err error
		if s.set, err = s.directory.Build(s.config, gateway.DefaultLocal()); err != nil {
			t.Fatal(err)
		}
		s.prober.Follow(false, old, s.set)
		s.prober.Follow(false, old, s.set) // as a change of addresses would, meanwhile
		if stop := make(chan struct{}); !s.prober.Ready(stop) {
			t.Error("not ready")
		}
		old.Release()
		synctest.Wait()
		if m.seen() != 2 {
			t.Errorf("%d probes", m.seen())
		}
		<-m.probes
		if r := <-m.probes; r.RequestURI != "/other" {
			t.Error(r.RequestURI)
		}
		s.is(true)
		s.prober.Follow(false) // nothing is left
		time.Sleep(time.Hour)
		if m.seen() != 2 {
			t.Error("probed on")
		}
	})
}

// A gateway that moves to the other generation follows failures up as that does.
func TestGenerationIsPartOfTheSpec(t *testing.T) {
	v1, v2 := Spec{Path: "/", V1: true}, Spec{Path: "/"}
	if m := new(backend.Member); v1.key(m) == v2.key(m) {
		t.Error("the series of the generation before would go on")
	}
}

// The end does not wait for a member that takes its time.
func TestCloseBreaksProbesOff(t *testing.T) {
	inTime(t, func(s *site) {
		ln, err := s.mem.Listen(netip.MustParseAddrPort("10.0.0.4:80"))
		if err != nil {
			t.Fatal(err)
		}
		s.ends = append(s.ends, func() { ln.Close() })
		s.config.Pools[0].Members = []gateway.Address{{IP: "10.0.0.4"}}
		s.start()
		c, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		begin := time.Now()
		s.prober.Close()
		io.Copy(io.Discard, c)
		if took := time.Since(begin); took != 0 {
			t.Errorf("the probe went on for %v", took)
		}
		if s.members()[0].State().Probed {
			t.Error("a probe that was broken off was judged")
		}
	})
}

func TestSNIOfProbes(t *testing.T) {
	f := func(v1 bool, name string, edit func(*gateway.Settings, *gateway.Probe), want string) {
		t.Helper()
		g := &backend.Group{Settings: &gateway.Settings{Protocol: "Https"}, Probe: &gateway.Probe{}}
		edit(g.Settings, g.Probe)
		if got := sni(g, &backend.Member{Key: backend.Key{Name: name}}, v1); got != want {
			t.Errorf("v1 %v, %s: %q, want %q", v1, name, got, want)
		}
	}
	none := func(*gateway.Settings, *gateway.Probe) {}
	all := func(s *gateway.Settings, p *gateway.Probe) { s.HostName, p.Host = "inner.example", "probe.example" }
	f(true, "app.example", all, "app.example")
	f(true, "10.0.0.4", all, "")
	f(false, "app.example", all, "probe.example")
	f(false, "app.example", func(s *gateway.Settings, p *gateway.Probe) { s.HostName = "inner.example" }, "inner.example")
	f(false, "app.example", none, "app.example")
	f(false, "10.0.0.4", none, "")
	f(false, "app.example", func(s *gateway.Settings, p *gateway.Probe) { p.Host = "127.0.0.1" }, "")
}

// Two pools that share a member and settings share one series of probes, and what it finds holds for both; a pool that
// joins later knows at once.
func TestPoolsShareAProbeSeries(t *testing.T) {
	inTime(t, func(s *site) {
		m := s.member("10.0.0.4")
		s.config.Pools = append(s.config.Pools, gateway.Pool{Name: "second", Members: s.config.Pools[0].Members})
		rule := s.config.Rules[0]
		rule.Name, rule.Priority, rule.Target.Pool = "second", 200, "second"
		s.config.Rules = append(s.config.Rules, rule)
		s.start()
		time.Sleep(time.Second)
		if m.seen() != 1 {
			t.Errorf("probed %d times at the start", m.seen())
		}
		for _, g := range s.set.Groups() {
			if !g.Members()[0].Up() {
				t.Errorf("%s does not know", g.Pool.Name)
			}
		}
		m.status.Store(500)
		time.Sleep(time.Hour)
		for _, g := range s.set.Groups() {
			if g.Members()[0].Up() {
				t.Errorf("%s does not follow", g.Pool.Name)
			}
		}
		before := m.seen()
		third := rule
		third.Name, third.Priority, third.Target.Pool = "third", 300, "third"
		s.config.Pools = append(s.config.Pools, gateway.Pool{Name: "third", Members: s.config.Pools[0].Members})
		s.config.Rules = append(s.config.Rules, third)
		s.start()
		if st := s.set.Groups()[2].Members()[0].State(); !st.Probed || st.Up || m.seen() != before {
			t.Errorf("the pool that joins knows %+v; %d probes", st, m.seen()-before)
		}
	})
}
