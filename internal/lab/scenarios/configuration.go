package scenarios

import (
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// configurationScenarios are documents that say something else than was meant, and members that are proxies themselves.
func configurationScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "wrong-pool", Story: "a path rule without a wildcard lets what is below it fall through to the default pool, which nobody uses any more", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "i-wrong-pool", Also: []string{"i-empty-pool"}}}, Play: wrongPoolPlay,
		},
		{
			Name: "wrong-port", Story: "somebody changes the port of the backend settings under traffic", Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "i-wrong-port", Also: []string{"b-refused", "a-all-unhealthy-fail-closed"}}}, Play: wrongPortPlay,
		},
		{
			Name: "no-listener", Story: "users ask for a host that no listener serves any more", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "i-no-listener-match"}}, Play: noListenerPlay,
		},
		{
			Name: "chained-proxy", Story: "the member is a proxy whose own backend is dead", Lasts: 5 * time.Second,
			Truth: []stage.Truth{{Cause: "k-chained-proxy", Also: []string{"k-backend-5xx"}}}, Open: true, Play: chainedProxy,
		},
		{
			Name: "proxy-loop", Story: "the pool leads to the gateway itself", Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "i-proxy-loop", Also: []string{"k-backend-5xx"}}}, Slow: true, Play: proxyLoop,
		},
		{
			Name: "hidden-by-retry", Story: "a member that is restarted is asked with requests that may be sent again: nobody notices",
			Lasts: 6 * time.Second, Slow: true,
			Truth: []stage.Truth{{Cause: "k-hidden-by-retry", Also: []string{"c-restart", "a-slow-eviction", "c-idle-race"}}},
			Play:  hiddenByRetry,
		},
	}
}

func wrongPoolPlay(s *stage.Stage) {
	api := s.Peer(ordinary(nil))
	s.Open(stage.Site{Pools: []stage.Pool{
		{Name: "web"},
		{Name: "api", Path: "/api", Members: []stage.Member{{Name: "10.2.0.4", Dial: api.Addr()}}, Probe: stage.QuickProbe()},
	}})
	s.Fire(6, s.Flow(30, 3*time.Second, stage.TimedRequest{Path: "/api"}),
		s.Flow(8, 3*time.Second, stage.TimedRequest{Path: "/api/orders"}), s.Flow(8, 3*time.Second, stage.TimedRequest{Path: "/api/users"}))
}

func wrongPortPlay(s *stage.Stage) {
	peer := s.Peer(ordinary(nil))
	other := s.PeerAt(hostOf(peer.Addr()), peers.Script{})
	other.Kill()
	pool := stage.Pool{
		Name:    "web",
		Members: []stage.Member{{Name: hostOf(peer.Addr())}},
		Port:    portOf(peer.Addr()),
		Probe:   stage.QuickProbe(),
	}
	s.Open(stage.Site{Pools: []stage.Pool{pool}})
	pool.Port = portOf(other.Addr())
	s.After(s.Vary(1500*time.Millisecond, 2*time.Second), func() { s.Apply(stage.Site{Pools: []stage.Pool{pool}}) })
	s.Fire(6, s.Flow(30, 5*time.Second, stage.TimedRequest{Path: "/"}))
}

func noListenerPlay(s *stage.Stage) {
	peers := s.Peers(2, ordinary(nil))
	s.Open(stage.Site{
		Host:  siteHost,
		Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}},
	})
	s.Fire(10, s.Flow(30, 3*time.Second, stage.TimedRequest{Path: "/", Host: siteHost}),
		s.Flow(8, 3*time.Second, stage.TimedRequest{Path: "/", Host: "old-shop.lab.example"}))
}

func chainedProxy(s *stage.Stage) {
	status := []int{502, 504}[s.IntN(2)]
	page := "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>\n"
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/shop": {
		After:  peers.Between(time.Millisecond, 8*time.Millisecond),
		Status: status, Text: page, Header: map[string][]string{"Server": {"nginx"}},
	}}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(6, s.Flow(40, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(12, 4*time.Second, stage.TimedRequest{Path: "/shop"}))
}

// proxyLoop comes back to the gateway over a way of some length, again and again until the first request's time is up.
func proxyLoop(s *stage.Stage) {
	peer := s.Peer(ordinary(nil))
	pool := stage.Pool{Name: "web", Members: stage.Members(peer.Addr()), RequestTimeout: 1}
	s.Open(stage.Site{Pools: []stage.Pool{pool}})
	if s.Err != nil {
		return
	}
	way := peers.Direction{Delay: s.Vary(15*time.Millisecond, 25*time.Millisecond)}
	self := s.RelayTo(s.Gateway.Addrs()[0], peers.LinkProfile{Up: way, Down: way})
	if self == nil {
		return
	}
	pool.Members = stage.Members(self.Addr())
	s.After(time.Second, func() { s.Apply(stage.Site{Pools: []stage.Pool{pool}}) })
	s.Fire(4, s.Flow(10, time.Second, order), later(s.Flow(2, 3*time.Second, order), 1500*time.Millisecond))
}

// later moves shots.
func later(shots []stage.TimedRequest, by time.Duration) []stage.TimedRequest {
	for i := range shots {
		shots[i].At += by
	}
	return shots
}

func hiddenByRetry(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{
		Reply: peers.Reply{After: peers.Between(50*time.Millisecond, 150*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	down := s.Vary(1500*time.Millisecond, 2200*time.Millisecond)
	s.After(down, peers[0].Kill)
	s.After(down+s.Vary(600*time.Millisecond, 1200*time.Millisecond), func() { s.Must(peers[0].Restart()) })
	s.Fire(20, s.Flow(80, 5500*time.Millisecond, stage.TimedRequest{Path: "/"}))
}
