package scenarios

import (
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// probeScenarios are members that work and are taken for dead, and one that is dead and taken for alive.
func probeScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "probe-status", Story: "the health page asks for a login; the application behind it works", Lasts: 3 * time.Second,
			Truth: []stage.Truth{{Cause: "a-probe-status-mismatch", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: probeStatus,
		},
		{
			Name: "probe-body", Story: "a release changed the text that the probe looks for", Lasts: 3 * time.Second,
			Truth: []stage.Truth{{Cause: "a-probe-body-match", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: probeBody,
		},
		{
			Name: "slow-eviction", Story: "one of three members dies; its share of the traffic fails until three probes have",
			Lasts: 7 * time.Second,
			Truth: []stage.Truth{{Cause: "a-slow-eviction", Member: stage.MemberName(1)}}, Play: slowEviction,
		},
		{
			Name:  "slow-eviction-silent",
			Story: "one of three members vanishes without a word; what waits for it times out until the probes give up",
			Lasts: 10 * time.Second,
			Truth: []stage.Truth{{Cause: "a-slow-eviction", Member: stage.MemberName(1)}}, Play: slowEvictionSilent,
		},
		{
			Name: "held-back", Story: "one of three members dies; passive ejection sends it no more requests long before the probes give up", Lasts: 7 * time.Second,
			Truth: []stage.Truth{{Cause: "a-slow-eviction", Member: stage.MemberName(1), Also: []string{"b-refused", "k-hidden-by-retry"}}},
			Play:  heldBack,
		},
		{
			Name: "empty-pool", Story: "a path rule leads to a pool whose machines were deleted", Lasts: 3 * time.Second,
			Truth: []stage.Truth{{Cause: "i-empty-pool"}}, Play: emptyPool,
		},
	}
}

func probeStatus(s *stage.Stage) {
	status := []int{401, 403, 404, 503}[s.IntN(4)]
	peers := s.Peers(2, peers.Script{Reply: peers.Reply{Body: 200}, Paths: map[string]peers.Reply{"/health": {Status: status}}})
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}}})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

func probeBody(s *stage.Stage) {
	probe := stage.QuickProbe()
	probe.Body = "all systems go"
	peers := s.Peers(2, peers.Script{Reply: peers.Reply{Body: 200}, Paths: map[string]peers.Reply{"/health": {Text: "tout va bien\n"}}})
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: probe}}})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

func slowEviction(s *stage.Stage) {
	peers := s.Peers(3, peers.Script{
		Reply: peers.Reply{After: peers.Between(50*time.Millisecond, 250*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{Pools: []stage.Pool{{
		Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe(),
		RequestTimeout: 5,
	}}})
	s.After(s.Vary(1200*time.Millisecond, 1800*time.Millisecond), peers[1].Kill)
	s.Fire(20, s.Flow(60, 6500*time.Millisecond, stage.TimedRequest{Method: "POST", Path: "/orders", Body: 300}))
}

func heldBack(s *stage.Stage) {
	peers := s.Peers(3, peers.Script{
		Reply: peers.Reply{After: peers.Between(50*time.Millisecond, 250*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{
		Ejects: true,
		Pools:  []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe(), RequestTimeout: 5}},
	})
	s.After(s.Vary(1200*time.Millisecond, 1800*time.Millisecond), peers[1].Kill)
	s.Fire(20, s.Flow(60, 6500*time.Millisecond, stage.TimedRequest{Method: "POST", Path: "/orders", Body: 300}))
}

func slowEvictionSilent(s *stage.Stage) {
	peers := s.Peers(3, peers.Script{
		Reply: peers.Reply{After: peers.Between(50*time.Millisecond, 250*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{
		ConnectTimeout: 500 * time.Millisecond,
		Pools: []stage.Pool{{
			Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe(),
			RequestTimeout: 2,
		}},
	})
	s.After(s.Vary(1200*time.Millisecond, 1800*time.Millisecond), func() { s.Must(peers[1].Blackhole()) })
	s.Fire(20, s.Flow(60, 8*time.Second, order))
}

func emptyPool(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{Reply: peers.Reply{Body: 200}})
	s.Open(stage.Site{Pools: []stage.Pool{
		{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()},
		{Name: "reports", Path: "/reports/*"},
	}})
	s.Fire(4, s.Flow(30, 2*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(10, 2*time.Second, stage.TimedRequest{Path: "/reports/day"}))
}
