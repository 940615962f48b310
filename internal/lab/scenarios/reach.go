package scenarios

import (
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// reachScenarios are members that cannot be reached.
func reachScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "refused", Story: "the application listens on another port than the backend settings say", Lasts: 3 * time.Second,
			Truth: []stage.Truth{{Cause: "b-refused", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: refused,
		},
		{
			Name: "drop", Story: "a firewall swallows everything that is sent to the members", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "b-drop", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: dropped,
		},
	}
}

func refused(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{})
	for _, p := range peers {
		p.Kill()
	}
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}}})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

func dropped(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{})
	for _, p := range peers {
		s.Must(p.Blackhole())
	}
	s.Open(stage.Site{
		ConnectTimeout: 500 * time.Millisecond,
		Pools:          []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}},
	})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}
