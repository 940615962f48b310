package backend

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/certs"
	"causeway/internal/fault"
	"causeway/internal/gateway"
	"causeway/internal/resolve"
)

// nobody is a resolver that knows no name.
func nobody(context.Context, string) (resolve.Answer, error) {
	return resolve.Answer{}, resolve.ErrNoAddress
}

// pool is a configuration with one pool under one settings object.
func pool(members ...gateway.Address) *gateway.Config {
	return &gateway.Config{
		SKU: gateway.SKU{Tier: "Standard_v2"}, Pools: []gateway.Pool{{Name: "Pool", Members: members}},
		Settings: []gateway.Settings{{Name: "Settings", Port: 8080, Protocol: "Http", RequestTimeout: 20}},
		Rules:    []gateway.Rule{{Name: "r", Target: gateway.Target{Pool: "pool", Settings: "settings"}}},
	}
}

func ips(list ...string) (out []gateway.Address) {
	for _, ip := range list {
		out = append(out, gateway.Address{IP: ip})
	}
	return out
}

func build(t *testing.T, d *Directory, c *gateway.Config, local gateway.Local) *Set {
	t.Helper()
	s, err := d.Build(c, local)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (d *Directory) judgeAll(s *Set, up bool) {
	for _, m := range s.Groups()[0].Members() {
		d.Judge(m, State{Probed: true, Up: up, LastProbe: time.Now()})
	}
}

// Members rotate, and none is tried twice.
func TestRoundRobin(t *testing.T) {
	d := NewDirectory(nobody)
	defer d.Close()
	s := build(t, d, pool(ips("10.0.0.1", "10.0.0.2", "10.0.0.3")...), gateway.DefaultLocal())
	g := s.Group("POOL", "Settings")
	if _, _, f := g.Pick(nil); f.Kind != fault.NoHealthy {
		t.Errorf("nobody was probed yet: %+v", f)
	}
	d.judgeAll(s, true)
	picks := map[string]int{}
	for range 30 {
		m, _, _ := g.Pick(nil)
		picks[m.Name]++
	}
	for name, n := range picks {
		if n != 10 {
			t.Errorf("%s had %d picks of 30", name, n)
		}
	}
	var tried []*Member
	for range 3 {
		m, _, f := g.Pick(tried)
		if !f.None() {
			t.Fatal(f)
		}
		for _, old := range tried {
			if old == m {
				t.Error("asked twice")
			}
		}
		tried = append(tried, m)
	}
	if _, _, f := g.Pick(tried); f.None() {
		t.Error("nobody is left")
	}
	d.Judge(g.Members()[0], State{Probed: true, Reason: "tcp_connect", LastProbe: time.Now()})
	for range 10 {
		if m, _, _ := g.Pick(nil); m.Name == "10.0.0.1" {
			t.Error("an unhealthy member was picked")
		}
	}
}

// A retry does not advance the rotation: of two members of which one is dead, every other request meets the dead one, not
// each.
func TestRetryTakesNoTurn(t *testing.T) {
	d := NewDirectory(nobody)
	defer d.Close()
	s := build(t, d, pool(ips("10.0.0.1", "10.0.0.2")...), gateway.DefaultLocal())
	d.judgeAll(s, true)
	g := s.Groups()[0]
	refused := 0
	for range 100 {
		first, _, _ := g.Pick(nil)
		if first.Name != "10.0.0.1" {
			continue
		}
		refused++
		if second, _, f := g.Pick([]*Member{first}); !f.None() || second == first {
			t.Fatalf("the retry went to %v, %v", second, f)
		}
	}
	if refused != 50 {
		t.Errorf("%d of 100 requests met the dead member", refused)
	}
}

// minServers fills up with those that passed a probe most recently; when their health last changed does not matter.
func TestMinServers(t *testing.T) {
	d := NewDirectory(nobody)
	defer d.Close()
	c := pool(ips("10.0.0.1", "10.0.0.2", "10.0.0.3")...)
	c.Probes = []gateway.Probe{{Name: "p", MinServers: 1}}
	c.Settings[0].Probe = "p"
	s := build(t, d, c, gateway.DefaultLocal())
	g := s.Groups()[0]
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	judge := func(i int, up bool, failures int) {
		at = at.Add(time.Second)
		d.Judge(g.Members()[i], State{Probed: true, Up: up, Failures: failures, LastProbe: at})
	}
	judge(0, true, 0)
	judge(1, true, 0) // the last success of all
	judge(0, true, 1) // below the threshold: still up, and no success
	judge(1, false, 3)
	judge(0, false, 3)
	judge(2, false, 1) // never passed
	for range 5 {
		if m, _, f := g.Pick(nil); !f.None() || m.Name != "10.0.0.2" {
			t.Fatalf("%v, %v", m, f)
		}
	}
}

// Picking goes on while members come, go and change their health.
func TestPickWhileEverythingChanges(t *testing.T) {
	d := NewDirectory(nobody)
	defer d.Close()
	s := build(t, d, pool(ips("10.0.0.1", "10.0.0.2")...), gateway.DefaultLocal())
	d.judgeAll(s, true)
	g := s.Groups()[0]
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 2000 {
				if m, _, f := g.Pick(nil); !f.None() || m.Name != "10.0.0.1" && m.Name != "10.0.0.2" {
					t.Errorf("%v %v", m, f)
				}
			}
		})
	}
	for n := range 50 {
		d.Judge(g.Members()[1], State{Probed: true, Up: n%2 == 0, LastProbe: time.Now()})
		build(t, d, pool(ips("10.0.0.1", fmt.Sprint("10.0.1.", n))...), gateway.DefaultLocal()).Release()
	}
	wg.Wait()
	if n := len(d.members); n != 2 {
		t.Errorf("%d members are remembered", n)
	}
}

func TestTargetsThatAreNotDefined(t *testing.T) {
	d := NewDirectory(nobody)
	defer d.Close()
	c := pool()
	c.Rules[0].Target.Settings = "gone"
	if _, err := d.Build(c, gateway.DefaultLocal()); err == nil {
		t.Error("built")
	}
}

// causeway.yaml sends the requests for a cloud's addresses elsewhere.
func TestMapping(t *testing.T) {
	f := func(members map[string]string, a gateway.Address, want string) {
		t.Helper()
		d := NewDirectory(func(_ context.Context, name string) (resolve.Answer, error) {
			return resolve.Answer{Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.9")}, TTL: time.Minute}, nil
		})
		defer d.Close()
		local := gateway.DefaultLocal()
		local.Members = members
		s := build(t, d, pool(a), local)
		s.Known(make(chan struct{}))
		m := s.Groups()[0].Members()[0]
		got := "none"
		if m.Addr.IsValid() {
			got = m.Addr.String()
		}
		if got != want || m.Name != a.String() {
			t.Errorf("%v of %v is dialled at %s, want %s", a, members, got, want)
		}
	}
	ip, name, nic := gateway.Address{IP: "10.0.0.4"}, gateway.Address{FQDN: "App.example"}, gateway.Address{NIC: "/subscriptions/s/nic"}
	f(nil, ip, "10.0.0.4:8080")
	f(map[string]string{"10.0.0.4": "127.0.0.1"}, ip, "127.0.0.1:8080")
	f(map[string]string{"10.0.0.4": "127.0.0.1:9000"}, ip, "127.0.0.1:9000")
	f(map[string]string{"10.0.0.4": "127.0.0.1:1", "10.0.0.4:8080": "127.0.0.1:2"}, ip, "127.0.0.1:2")
	f(map[string]string{"10.0.0.4": "[::1]:9000"}, ip, "[::1]:9000")
	f(nil, name, "192.0.2.9:8080")
	f(map[string]string{"app.example": "127.0.0.1:7"}, name, "127.0.0.1:7")
	f(map[string]string{"10.0.0.4": "other.example:7"}, ip, "192.0.2.9:7")
	f(nil, nic, "none")
	f(map[string]string{"/subscriptions/s/NIC": "127.0.0.1:7"}, nic, "127.0.0.1:7")
}

func TestHealthOfANetworkInterface(t *testing.T) {
	d := NewDirectory(nobody)
	defer d.Close()
	c := pool(gateway.Address{NIC: "/nic"})
	h := build(t, d, c, gateway.DefaultLocal()).Health(c).Pools[0].Settings[0].Servers[0]
	if h.Health != "Unknown" || h.Address != "/nic" || h.Causeway.Reason != "dns_resolution" || h.Detail == "" {
		t.Errorf("%+v", h)
	}
}

// A name with several addresses is as many members; those that go are forgotten, and those that come take the health of
// the name along.
func TestAddressesComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now atomic.Pointer[[]netip.Addr]
		set := func(list ...string) {
			var out []netip.Addr
			for _, s := range list {
				out = append(out, netip.MustParseAddr(s))
			}
			now.Store(&out)
		}
		set("10.0.0.2", "10.0.0.1")
		d := NewDirectory(func(context.Context, string) (resolve.Answer, error) {
			return resolve.Answer{Addrs: append([]netip.Addr(nil), *now.Load()...), TTL: 10 * time.Second}, nil
		})
		defer d.Close()
		c := pool(gateway.Address{FQDN: "app.example"})
		s := build(t, d, c, gateway.DefaultLocal())
		g := s.Groups()[0]
		if h := s.Health(c).Pools[0].Settings[0].Servers; len(h) != 1 || h[0].Health != "Unknown" {
			t.Errorf("before the first answer: %+v", h)
		}
		s.Known(make(chan struct{}))
		if m := g.Members(); len(m) != 2 || m[0].Addr.String() != "10.0.0.1:8080" || m[1].Addr.String() != "10.0.0.2:8080" {
			t.Fatalf("%v", m)
		}
		d.judgeAll(s, true)
		stays := g.Members()[1]
		set("10.0.0.2", "10.0.0.3")
		time.Sleep(11 * time.Second)
		synctest.Wait()
		m := g.Members()
		if len(m) != 2 || m[0] != stays || m[1].Addr.String() != "10.0.0.3:8080" || !m[1].Up() {
			t.Errorf("%v, up %v", m, m[1].Up())
		}
		if len(d.members) != 2 {
			t.Errorf("%d members are remembered", len(d.members))
		}
		s.Release()
		if len(d.members)+len(d.names) != 0 {
			t.Errorf("%v %v", d.members, d.names)
		}
	})
}

// Known does not wait for ever.
func TestKnownGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDirectory(func(ctx context.Context, _ string) (resolve.Answer, error) {
			<-ctx.Done()
			return resolve.Answer{}, ctx.Err()
		})
		s := build(t, d, pool(gateway.Address{FQDN: "slow.example"}), gateway.DefaultLocal())
		stop := make(chan struct{})
		time.AfterFunc(5*time.Second, func() { close(stop) })
		begin := time.Now()
		if s.Known(stop); time.Since(begin) != 5*time.Second {
			t.Errorf("after %v", time.Since(begin))
		}
		d.Close()
	})
}

// The trail of a member's health is bounded, and says when, what and why.
func TestTransitions(t *testing.T) {
	m := &Member{Key: Key{Name: "a", Addr: netip.MustParseAddrPort("10.0.0.1:80")}}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for n := range 200 {
		m.set(State{
			Probed:    true,
			Up:        n%2 == 0,
			Reason:    []string{"", "tcp_connect"}[n%2],
			Code:      []string{"", "ECONNREFUSED"}[n%2],
			LastProbe: at,
		})
	}
	h := m.health()
	if len(h.Causeway.Transitions) != maxTrail ||
		h.Causeway.Transitions[maxTrail-1] != "2026-01-02T03:04:05Z Down tcp_connect ECONNREFUSED" {
		t.Errorf("%d, %s", len(h.Causeway.Transitions), h.Causeway.Transitions[maxTrail-1])
	}
	if h.Health != "Down" || h.Causeway.Since != "2026-01-02T03:04:05Z" || h.Causeway.Dial != "10.0.0.1:80" {
		t.Errorf("%+v %+v", h, h.Causeway)
	}
}

// Connections of one identity may stand for one another; clients cannot make the gateway remember names without end.
func TestIdentities(t *testing.T) {
	d := NewDirectory(nobody)
	defer d.Close()
	g := &Group{Settings: &gateway.Settings{Protocol: "Https"}, Trust: &certs.Trust{}, id: "trust", d: d}
	m := &Member{Key: Key{Name: "app.example"}}
	a, b, c := g.Identity(m, []byte("one.example")), g.Identity(m, []byte("one.example:443")), g.Identity(m, []byte("two.example"))
	if a != b || a == c || a.Tag == c.Tag || a.Tag == 0 || a.Config.ServerName != "one.example" {
		t.Errorf("%+v %+v %+v", a, b, c)
	}
	if x := g.Identity(m, []byte("192.0.2.1:443")); x.Config.ServerName != "" {
		t.Error("an address was sent as a name")
	}
	tags := map[uint32]bool{}
	for n := range 3 * maxIdentities {
		x := g.Identity(m, fmt.Append(nil, "host", n))
		if tags[x.Tag] {
			t.Fatal("a tag was given twice")
		}
		tags[x.Tag] = true
	}
	if n := len(d.identities.byID); n > maxIdentities {
		t.Errorf("%d names are remembered", n)
	}
	g.Trust.V1 = true
	if x := g.Identity(m, []byte("one.example")); x.Config.ServerName != "app.example" {
		t.Errorf("v1 sends the member's name: %q", x.Config.ServerName)
	}
	if (&Group{}).Identity(m, nil) != nil {
		t.Error("plain HTTP has no identity")
	}
}

func TestIsIP(t *testing.T) {
	for s, want := range map[string]bool{
		"10.0.0.1": true, "::1": true, "fd00::1": true, "app.example": false, "app2": false,
		"1.example": false, "": false,
	} {
		if isIP(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}
