package lab

import "time"

// configurationScenarios are documents that say something else than was meant, and members that are proxies themselves.
func configurationScenarios() []Scenario {
	return []Scenario{
		{
			Name: "wrong-pool", Story: "a path rule without a wildcard lets what is below it fall through to the default pool, which nobody uses any more", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "i-wrong-pool", Also: []string{"i-empty-pool"}}}, play: wrongPoolPlay,
		},
		{
			Name: "wrong-port", Story: "somebody changes the port of the backend settings under traffic", Lasts: 6 * time.Second,
			Truth: []Truth{{Cause: "i-wrong-port", Also: []string{"b-refused", "a-all-unhealthy-fail-closed"}}}, play: wrongPortPlay,
		},
		{
			Name: "no-listener", Story: "users ask for a host that no listener serves any more", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "i-no-listener-match"}}, play: noListenerPlay,
		},
		{
			Name: "chained-proxy", Story: "the member is a proxy whose own backend is dead", Lasts: 5 * time.Second,
			Truth: []Truth{{Cause: "k-chained-proxy", Also: []string{"k-backend-5xx"}}}, Open: true, play: chainedProxy,
		},
		{
			Name: "proxy-loop", Story: "the pool leads to the gateway itself", Lasts: 6 * time.Second,
			Truth: []Truth{{Cause: "i-proxy-loop", Also: []string{"k-backend-5xx"}}}, Slow: true, play: proxyLoop,
		},
		{
			Name: "hidden-by-retry", Story: "a member that is restarted is asked with requests that may be sent again: nobody notices", Lasts: 6 * time.Second, Slow: true,
			Truth: []Truth{{Cause: "k-hidden-by-retry", Also: []string{"c-restart", "a-slow-eviction", "c-idle-race"}}}, play: hiddenByRetry,
		},
	}
}

func wrongPoolPlay(s *Stage) {
	api := s.Peer(ordinary(nil))
	s.Open(Site{Pools: []Pool{
		{Name: "web"},
		{Name: "api", Path: "/api", Members: []Member{{Name: "10.2.0.4", Dial: api.Addr()}}, Probe: quickProbe()},
	}})
	s.Fire(6, s.Flow(30, 3*time.Second, Shot{Path: "/api"}),
		s.Flow(8, 3*time.Second, Shot{Path: "/api/orders"}), s.Flow(8, 3*time.Second, Shot{Path: "/api/users"}))
}

func wrongPortPlay(s *Stage) {
	peer := s.Peer(ordinary(nil))
	other := s.PeerAt(hostOf(peer.Addr()), Script{})
	other.Kill()
	pool := Pool{Name: "web", Members: []Member{{Name: hostOf(peer.Addr())}}, Port: portOf(peer.Addr()), Probe: quickProbe()}
	s.Open(Site{Pools: []Pool{pool}})
	pool.Port = portOf(other.Addr())
	s.After(s.Vary(1500*time.Millisecond, 2*time.Second), func() { s.Apply(Site{Pools: []Pool{pool}}) })
	s.Fire(6, s.Flow(30, 5*time.Second, Shot{Path: "/"}))
}

func noListenerPlay(s *Stage) {
	peers := s.Peers(2, ordinary(nil))
	s.Open(Site{Host: siteHost, Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	s.Fire(10, s.Flow(30, 3*time.Second, Shot{Path: "/", Host: siteHost}), s.Flow(8, 3*time.Second, Shot{Path: "/", Host: "old-shop.lab.example"}))
}

func chainedProxy(s *Stage) {
	status := []int{502, 504}[s.IntN(2)]
	page := "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>\n"
	peers := s.Peers(2, ordinary(map[string]Reply{"/shop": {After: Between(time.Millisecond, 8*time.Millisecond), Status: status, Text: page, Header: map[string][]string{"Server": {"nginx"}}}}))
	s.Web(Pool{Members: members(addrs(peers)...)})
	s.Fire(6, s.Flow(40, 4*time.Second, Shot{Path: "/"}), s.Flow(12, 4*time.Second, Shot{Path: "/shop"}))
}

// proxyLoop comes back to the gateway over a way of some length, again and again until the first request's time is up.
func proxyLoop(s *Stage) {
	peer := s.Peer(ordinary(nil))
	pool := Pool{Name: "web", Members: members(peer.Addr()), RequestTimeout: 1}
	s.Open(Site{Pools: []Pool{pool}})
	if s.err != nil {
		return
	}
	way := Way{Delay: s.Vary(15*time.Millisecond, 25*time.Millisecond)}
	self := s.relayTo(s.Gateway.Addr(), Course{Up: way, Down: way})
	if self == nil {
		return
	}
	pool.Members = members(self.Addr())
	s.After(time.Second, func() { s.Apply(Site{Pools: []Pool{pool}}) })
	s.Fire(4, s.Flow(10, time.Second, order), later(s.Flow(2, 3*time.Second, order), 1500*time.Millisecond))
}

// later moves shots.
func later(shots []Shot, by time.Duration) []Shot {
	for i := range shots {
		shots[i].At += by
	}
	return shots
}

func hiddenByRetry(s *Stage) {
	peers := s.Peers(2, Script{Reply: Reply{After: Between(50*time.Millisecond, 150*time.Millisecond), Body: 200}, Paths: map[string]Reply{"/health": {}}})
	s.Web(Pool{Members: members(addrs(peers)...)})
	down := s.Vary(1500*time.Millisecond, 2200*time.Millisecond)
	s.After(down, peers[0].Kill)
	s.After(down+s.Vary(600*time.Millisecond, 1200*time.Millisecond), func() { s.must(peers[0].Restart()) })
	s.Fire(20, s.Flow(80, 5500*time.Millisecond, Shot{Path: "/"}))
}
