package lab

import "time"

// probeScenarios are members that work and are taken for dead, and one that is dead and taken for alive.
func probeScenarios() []Scenario {
	return []Scenario{
		{
			Name: "probe-status", Story: "the health page asks for a login; the application behind it works", Lasts: 3 * time.Second,
			Truth: []Truth{{Cause: "a-probe-status-mismatch", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: probeStatus,
		},
		{
			Name: "probe-body", Story: "a release changed the text that the probe looks for", Lasts: 3 * time.Second,
			Truth: []Truth{{Cause: "a-probe-body-match", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: probeBody,
		},
		{
			Name: "slow-eviction", Story: "one of three members dies; its share of the traffic fails until three probes have", Lasts: 7 * time.Second,
			Truth: []Truth{{Cause: "a-slow-eviction", Member: memberName(1)}}, play: slowEviction,
		},
		{
			Name: "slow-eviction-silent", Story: "one of three members vanishes without a word; what waits for it times out until the probes give up", Lasts: 10 * time.Second,
			Truth: []Truth{{Cause: "a-slow-eviction", Member: memberName(1)}}, play: slowEvictionSilent,
		},
		{
			Name: "held-back", Story: "one of three members dies; passive ejection sends it no more requests long before the probes give up", Lasts: 7 * time.Second,
			Truth: []Truth{{Cause: "a-slow-eviction", Member: memberName(1), Also: []string{"b-refused", "k-hidden-by-retry"}}}, play: heldBack,
		},
		{
			Name: "empty-pool", Story: "a path rule leads to a pool whose machines were deleted", Lasts: 3 * time.Second,
			Truth: []Truth{{Cause: "i-empty-pool"}}, play: emptyPool,
		},
	}
}

func probeStatus(s *Stage) {
	status := []int{401, 403, 404, 503}[s.IntN(4)]
	peers := s.Peers(2, Script{Reply: Reply{Body: 200}, Paths: map[string]Reply{"/health": {Status: status}}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	s.Fire(4, s.Flow(40, 2*time.Second, Shot{Path: "/"}))
}

func probeBody(s *Stage) {
	probe := quickProbe()
	probe.Body = "all systems go"
	peers := s.Peers(2, Script{Reply: Reply{Body: 200}, Paths: map[string]Reply{"/health": {Text: "tout va bien\n"}}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: probe}}})
	s.Fire(4, s.Flow(40, 2*time.Second, Shot{Path: "/"}))
}

func slowEviction(s *Stage) {
	peers := s.Peers(3, Script{Reply: Reply{After: Between(50*time.Millisecond, 250*time.Millisecond), Body: 200}, Paths: map[string]Reply{"/health": {}}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe(), RequestTimeout: 5}}})
	s.After(s.Vary(1200*time.Millisecond, 1800*time.Millisecond), peers[1].Kill)
	s.Fire(20, s.Flow(60, 6500*time.Millisecond, Shot{Method: "POST", Path: "/orders", Body: 300}))
}

func heldBack(s *Stage) {
	peers := s.Peers(3, Script{Reply: Reply{After: Between(50*time.Millisecond, 250*time.Millisecond), Body: 200}, Paths: map[string]Reply{"/health": {}}})
	s.Open(Site{Ejects: true, Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe(), RequestTimeout: 5}}})
	s.After(s.Vary(1200*time.Millisecond, 1800*time.Millisecond), peers[1].Kill)
	s.Fire(20, s.Flow(60, 6500*time.Millisecond, Shot{Method: "POST", Path: "/orders", Body: 300}))
}

func slowEvictionSilent(s *Stage) {
	peers := s.Peers(3, Script{Reply: Reply{After: Between(50*time.Millisecond, 250*time.Millisecond), Body: 200}, Paths: map[string]Reply{"/health": {}}})
	s.Open(Site{ConnectTimeout: 500 * time.Millisecond, Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe(), RequestTimeout: 2}}})
	s.After(s.Vary(1200*time.Millisecond, 1800*time.Millisecond), func() { s.must(peers[1].Blackhole()) })
	s.Fire(20, s.Flow(60, 8*time.Second, order))
}

func emptyPool(s *Stage) {
	peers := s.Peers(2, Script{Reply: Reply{Body: 200}})
	s.Open(Site{Pools: []Pool{
		{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()},
		{Name: "reports", Path: "/reports/*"},
	}})
	s.Fire(4, s.Flow(30, 2*time.Second, Shot{Path: "/"}), s.Flow(10, 2*time.Second, Shot{Path: "/reports/day"}))
}
