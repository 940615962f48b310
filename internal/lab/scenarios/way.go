package scenarios

import (
	"net"
	"strconv"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// wayScenarios are ways to a member that lead nowhere.
func wayScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "refused-one", Story: "one of three members never came up; the gateway asks it until the probes are sure, and retries hide most of it", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "b-refused", Member: stage.MemberName(1), Also: []string{"a-slow-eviction"}}}, Open: true,
			Play: refusedOne,
		},
		{
			Name: "dns-nxdomain", Story: "the pool has a name that does not exist", Lasts: 3 * time.Second,
			Truth: []stage.Truth{{Cause: "b-dns-nxdomain", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: dnsNXDomain,
		},
		{
			Name: "dns-fails", Story: "the resolver itself is out of order", Lasts: 3 * time.Second,
			Truth: []stage.Truth{{Cause: "b-dns-servfail", Also: []string{"b-dns-nxdomain", "a-all-unhealthy-fail-closed"}}},
			Play:  dnsFails,
		},
		{
			Name: "no-route", Story: "there is no route to the members", Lasts: 3 * time.Second,
			Truth: []stage.Truth{{Cause: "b-route", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: noRoutePlay,
		},
		{
			Name: "dns-stale", Story: "the member has moved to another address, and the gateway still knows the old one",
			Lasts: 10 * time.Second,
			Truth: []stage.Truth{{Cause: "b-dns-stale", Also: []string{
				"b-refused", "a-slow-eviction", "a-all-unhealthy-fail-closed",
				"c-restart",
			}}}, Play: dnsStale,
		},
		{
			Name: "ip-reused", Story: "a member's address belongs to another workload now, which knows no such site",
			Lasts: 5 * time.Second,
			Truth: []stage.Truth{{Cause: "b-ip-reused", Member: stage.MemberName(1), Also: []string{
				"f-unknown-ca", "f-name-mismatch",
				"a-slow-eviction", "c-restart",
			}}}, Open: true, Play: ipReused,
		},
		{
			Name: "silent-then-reset", Story: "a firewall on the way resets connections that were idle for long", Lasts: 8 * time.Second,
			Slow:  true,
			Truth: []stage.Truth{{Cause: "b-stateful-idle-rst", Also: []string{"c-idle-race"}}}, Open: true, Play: silentThenReset,
		},
		{
			Name: "link-flap", Story: "the link to all members stands still for a while", Lasts: 8 * time.Second, Slow: true,
			Truth: []stage.Truth{{Cause: "b-transit-flap"}}, Open: true, Play: linkFlap,
		},
	}
}

func refusedOne(s *stage.Stage) {
	peers := s.Peers(3, ordinary(nil))
	probe := stage.QuickProbe()
	probe.Interval, probe.Threshold = 2, 3
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), Probe: probe})
	peers[1].Kill()
	s.Fire(6, s.Flow(50, 3500*time.Millisecond, order))
}

func dnsNXDomain(s *stage.Stage) {
	s.Web(stage.Pool{Members: []stage.Member{{Name: "shop-backend.lab.example"}}})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

func dnsFails(s *stage.Stage) {
	name := "shop-backend.lab.example"
	s.Open(stage.Site{
		Pools: []stage.Pool{{Name: "web", Members: []stage.Member{{Name: name}}, Probe: stage.QuickProbe()}},
		Names: map[string]string{name: stage.OutOfOrder},
	})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

// noRoutePlay leads to an address that no connection can be made to; nothing leaves this machine.
func noRoutePlay(s *stage.Stage) {
	s.Web(stage.Pool{Members: stage.Members("255.255.255.255:8080")})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

func dnsStale(s *stage.Stage) {
	moved, elsewhere := s.Peer(ordinary(nil)), s.Peer(ordinary(nil))
	old := s.PeerAt(net.JoinHostPort(hostOf(elsewhere.Addr()), strconv.Itoa(portOf(moved.Addr()))), ordinary(nil))
	name := "shop-backend.lab.example"
	s.FailsAt = hostOf(old.Addr())
	pool := stage.Pool{Name: "web", Members: []stage.Member{{Name: name}}, Port: portOf(old.Addr()), Probe: stage.QuickProbe()}
	s.Open(stage.Site{Pools: []stage.Pool{pool}, Names: map[string]string{name: hostOf(old.Addr())}})
	s.After(s.Vary(1200*time.Millisecond, 1800*time.Millisecond), func() {
		s.Gateway.Rename(map[string]string{name: hostOf(moved.Addr())})
		old.Kill()
	})
	s.Fire(6, s.Flow(40, 9*time.Second, order))
}

func ipReused(s *stage.Stage) {
	ca, stranger := s.Authority(), s.Authority()
	well := ordinary(nil)
	well.TLS = s.Certificate(ca, siteHost, time.Now().Add(time.Hour))
	other := ordinary(nil)
	other.TLS = s.Certificate(stranger, "billing.lab.example", time.Now().Add(time.Hour))
	good, bad := s.Peer(well), s.Peer(well)
	probe := stage.QuickProbe()
	probe.Interval = 2
	s.Web(stage.Pool{Members: stage.Members(good.Addr(), bad.Addr()), Probe: probe, TLS: true, Host: siteHost, Root: ca.Der})
	s.After(s.Vary(500*time.Millisecond, 900*time.Millisecond), func() {
		bad.Kill()
		bad.Rewrite(other)
		s.Must(bad.Restart())
	})
	s.Fire(6, s.Flow(40, 4*time.Second, order))
}

func silentThenReset(s *stage.Stage) {
	limit, handler := s.Vary(300*time.Millisecond, 600*time.Millisecond), 150*time.Millisecond
	servers := s.Peers(2, peers.Script{
		Reply: peers.Reply{After: peers.Always(handler), Body: 100},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	delay := s.Vary(12*time.Millisecond, 20*time.Millisecond)
	way := peers.Direction{Delay: delay}
	hop := peers.LinkProfile{Up: way, Down: way, Forget: limit, Tell: true}
	s.Web(stage.Pool{Members: stage.Members(s.Behind(servers[0], hop), s.Behind(servers[1], hop))})
	s.Fire(10, raceBursts(s, limit, handler, delay, 50, order))
}

func linkFlap(s *stage.Stage) {
	var relays []*peers.Relay
	var at []string
	for _, p := range s.Peers(3, ordinary(nil)) {
		r := s.Relay(p, peers.LinkProfile{})
		if r == nil {
			return
		}
		relays, at = append(relays, r), append(at, r.Addr())
	}
	stall := func(on bool) {
		for _, r := range relays {
			r.Stall(on)
		}
	}
	s.Web(stage.Pool{Members: stage.Members(at...), RequestTimeout: 1})
	from := s.Vary(1500*time.Millisecond, 2500*time.Millisecond)
	s.After(from, func() { stall(true) })
	s.After(from+s.Vary(2*time.Second, 2500*time.Millisecond), func() { stall(false) })
	s.Fire(10, s.Flow(40, 7*time.Second, order))
}
