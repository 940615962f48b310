package lab

import "time"

// reachScenarios are members that cannot be reached.
func reachScenarios() []Scenario {
	return []Scenario{
		{
			Name: "refused", Story: "the application listens on another port than the backend settings say", Lasts: 3 * time.Second,
			Truth: []Truth{{Cause: "b-refused", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: refused,
		},
		{
			Name: "drop", Story: "a firewall swallows everything that is sent to the members", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "b-drop", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: dropped,
		},
	}
}

func refused(s *Stage) {
	peers := s.Peers(2, Script{})
	for _, p := range peers {
		p.Kill()
	}
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	s.Fire(4, s.Flow(40, 2*time.Second, Shot{Path: "/"}))
}

func dropped(s *Stage) {
	peers := s.Peers(2, Script{})
	for _, p := range peers {
		s.must(p.Blackhole())
	}
	s.Open(Site{ConnectTimeout: 500 * time.Millisecond, Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	s.Fire(4, s.Flow(40, 2*time.Second, Shot{Path: "/"}))
}
