package scenarios

import (
	"net/http"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// connectionScenarios are stops, drains and limits of connections.
func connectionScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "rolling-restart", Story: "a roll-out kills one member after the other, each with requests under way",
			Lasts: 9 * time.Second, Slow: true,
			Truth: []stage.Truth{{Cause: "c-deploy-no-drain", Also: []string{"c-restart"}}}, Open: true, Play: rollingRestart,
		},
		{
			Name: "drain-too-short", Story: "a member is taken out of the pool and stopped before its long requests have ended",
			Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "c-drain-too-short", Also: []string{"c-restart"}}}, Play: drainTooShort,
		},
		{
			Name: "endpoint-lag", Story: "a member is gone, and the gateway's document says so seconds later", Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "c-endpoint-lag", Also: []string{"b-refused", "a-slow-eviction", "c-restart"}}}, Play: endpointLag,
		},
		{
			Name:  "listener-closes-first",
			Story: "a member that stops closes its port at once and goes on serving the connections that it has", Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "c-ignores-sigterm-listener-close", Also: []string{"b-refused", "c-restart"}}}, Open: true,
			Play: listenerClosesFirst,
		},
		{
			Name: "gateway-drain", Story: "the gateway ends while long requests are under way", Lasts: 8 * time.Second,
			Truth: []stage.Truth{{Cause: "c-gateway-reload"}}, Play: gatewayDrain,
		},
		{
			Name: "accept-queue", Story: "the member accepts too slowly: its queue is full, and SYNs are dropped, some only for a while",
			Lasts: 8 * time.Second,
			Truth: []stage.Truth{{Cause: "c-accept-queue", Also: []string{"a-slow-eviction"}}}, Open: true, Play: acceptQueue,
		},
		{
			Name: "connection-limit", Story: "the member closes connections beyond a number at once", Lasts: 5 * time.Second,
			Truth: []stage.Truth{{Cause: "c-backend-conn-limit", Also: []string{"a-all-unhealthy-fail-closed"}}}, Open: true,
			Play: connectionLimit,
		},
		{
			Name: "stale-everywhere", Story: "two members with different idle limits, both below the gateway's", Lasts: 14 * time.Second,
			Truth: []stage.Truth{{Cause: "c-idle-race", Member: stage.MemberName(0)}, {Cause: "c-idle-race", Member: stage.MemberName(1)}},
			Open:  true, Play: staleEverywhere,
		},
	}
}

func rollingRestart(s *stage.Stage) {
	peers := s.Peers(3, peers.Script{
		Reply: peers.Reply{After: peers.Between(150*time.Millisecond, 500*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	at := s.Vary(1*time.Second, 1500*time.Millisecond)
	for _, p := range peers {
		s.After(at, p.Kill)
		s.After(at+s.Vary(600*time.Millisecond, 1200*time.Millisecond), func() { s.Must(p.Restart()) })
		at += s.Vary(2*time.Second, 2500*time.Millisecond)
	}
	s.Fire(20, s.Flow(60, 8500*time.Millisecond, order))
}

func drainTooShort(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{
		Reply: peers.Reply{After: peers.Between(10*time.Millisecond, 50*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}, "/report": {After: peers.Between(2*time.Second, 3*time.Second), Body: 500}},
	})
	pool := stage.Pool{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}
	s.Open(stage.Site{Pools: []stage.Pool{pool}})
	at := s.Vary(2*time.Second, 2500*time.Millisecond)
	pool.Members = pool.Members[1:]
	s.After(at, func() { s.Apply(stage.Site{Pools: []stage.Pool{pool}}) })
	s.After(at+time.Second, peers[0].Kill)
	s.Fire(10, s.Flow(30, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(15, 3*time.Second, stage.TimedRequest{
		Method: http.MethodPost,
		Path:   "/report",
		Body:   200,
	}))
}

func endpointLag(s *stage.Stage) {
	peers := s.Peers(3, ordinary(nil))
	probe := stage.QuickProbe()
	probe.Interval, probe.Threshold = 2, 5
	pool := stage.Pool{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: probe}
	s.Open(stage.Site{Pools: []stage.Pool{pool}})
	at := s.Vary(1800*time.Millisecond, 2200*time.Millisecond)
	s.After(at, peers[2].Retire)
	pool.Members = pool.Members[:2]
	s.After(at+s.Vary(2*time.Second, 2500*time.Millisecond), func() { s.Apply(stage.Site{Pools: []stage.Pool{pool}}) })
	s.Fire(10, s.Flow(60, 6*time.Second, order))
}

// listenerClosesFirst needs more connections than it has whenever a burst comes.
func listenerClosesFirst(s *stage.Stage) {
	peer := s.Peer(ordinary(nil))
	probe := stage.QuickProbe()
	probe.Interval, probe.Threshold = 3, 5
	s.Web(stage.Pool{Members: stage.Members(peer.Addr()), Probe: probe})
	s.After(s.Vary(1200*time.Millisecond, 1800*time.Millisecond), peer.Deafen)
	burst := stage.Shots(stage.Bursts(s.Rand, []time.Duration{2500 * time.Millisecond, 3500 * time.Millisecond, 4500 * time.Millisecond},
		30, 50*time.Millisecond), order)
	s.Fire(20, s.Flow(20, 5500*time.Millisecond, order), burst)
}

// gatewayDrain closes the gateway under requests that last longer than it waits.
func gatewayDrain(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{
		Reply: peers.Reply{After: peers.Between(10*time.Millisecond, 50*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}, "/report": {After: peers.Between(5*time.Second, 6*time.Second), Body: 500}},
	})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.After(s.Vary(1600*time.Millisecond, 2200*time.Millisecond), func() { s.Must(s.Gateway.Close()) })
	s.Fire(10, s.Flow(30, 1500*time.Millisecond, stage.TimedRequest{Path: "/"}), s.Flow(10, 1500*time.Millisecond, stage.TimedRequest{
		Method: http.MethodPost,
		Path:   "/report",
		Body:   200,
	}))
}

// acceptQueue makes a port whose queue is full for a while, again and again; what the gateway had goes on.
func acceptQueue(s *stage.Stage) {
	peer := s.Peer(peers.Script{
		Reply: peers.Reply{After: peers.Between(5*time.Millisecond, 40*time.Millisecond), Body: 200, Header: closing},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	probe := stage.QuickProbe()
	probe.Interval, probe.Threshold = 5, 10
	s.Open(stage.Site{
		ConnectTimeout: 1500 * time.Millisecond,
		Pools:          []stage.Pool{{Name: "web", Members: stage.Members(peer.Addr()), Probe: probe}},
	})
	for at := s.Vary(800*time.Millisecond, 1200*time.Millisecond); at < 6*time.Second; at += s.Vary(2800*time.Millisecond,
		3200*time.Millisecond) {
		s.After(at, func() { s.Must(peer.Blackhole()) })
		s.After(at+s.Vary(1600*time.Millisecond, 2*time.Second), func() { s.Must(peer.Restart()) })
	}
	s.Fire(20, s.Flow(20, 7*time.Second, order))
}

func connectionLimit(s *stage.Stage) {
	script := peers.Script{
		Reply:    peers.Reply{After: peers.Between(100*time.Millisecond, 300*time.Millisecond), Body: 200},
		Paths:    map[string]peers.Reply{"/health": {}},
		MaxConns: 8 + s.IntN(6),
	}
	peer := s.Peer(script)
	s.Web(stage.Pool{Members: stage.Members(peer.Addr())})
	s.Fire(30, s.Flow(70, 4*time.Second, order))
}

// staleEverywhere has gaps of the one limit first and of the other afterwards: gaps of both at once would make each other shorter.
func staleEverywhere(s *stage.Stage) {
	handler := 150 * time.Millisecond
	first := s.Vary(300*time.Millisecond, 400*time.Millisecond)
	second := first + s.Vary(150*time.Millisecond, 250*time.Millisecond)
	delay := s.Vary(12*time.Millisecond, 20*time.Millisecond)
	reply := peers.Reply{After: peers.Always(handler), Body: 100}
	health := map[string]peers.Reply{"/health": {}}
	a, b := s.Peer(peers.Script{Idle: first, Reply: reply, Paths: health}), s.Peer(peers.Script{Idle: second, Reply: reply, Paths: health})
	s.Web(stage.Pool{Members: stage.Members(s.Far(a, delay), s.Far(b, delay))})
	s.Fire(10, raceBursts(s, first, handler, delay, 40, order),
		later(raceBursts(s, second, handler, delay, 40, order), 6500*time.Millisecond))
}
