package scenarios

import (
	"net/http"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// healthyScenarios look like trouble and are none: nothing may be found.
func healthyScenarios() []stage.Scenario {
	return []stage.Scenario{
		{Name: "busy-but-fine", Story: "much traffic, every connection reused again and again", Lasts: 5 * time.Second, Play: busyButFine},
		{Name: "slow-but-fine", Story: "answers take most of the request timeout, and come", Lasts: 6 * time.Second, Play: slowButFine},
		{
			Name: "idle-but-fine", Story: "the member closes idle connections, and the gateway sees each of them before use",
			Lasts: 7 * time.Second, Play: idleButFine,
		},
	}
}

func busyButFine(s *stage.Stage) {
	peers := s.Peers(3, peers.Script{Reply: peers.Reply{After: peers.Between(time.Millisecond, 20*time.Millisecond), Body: 1000}})
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}}})
	s.Fire(30, s.Flow(150, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(100, 4*time.Second, stage.TimedRequest{
		Method: http.MethodPost,
		Path:   "/orders",
		Body:   2000,
	}))
}

func slowButFine(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{
		Reply: peers.Reply{After: peers.Between(900*time.Millisecond, 1500*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{Pools: []stage.Pool{{
		Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe(),
		RequestTimeout: 2,
	}}})
	s.Fire(40, s.Flow(50, 4*time.Second, stage.TimedRequest{Method: http.MethodPost, Path: "/report", Body: 200}))
}

func idleButFine(s *stage.Stage) {
	limit := s.Vary(300*time.Millisecond, 400*time.Millisecond)
	peers := s.Peers(2, peers.Script{Idle: limit, Reply: peers.Reply{After: peers.Always(10 * time.Millisecond), Body: 200}})
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}}})
	var starts []time.Duration
	for at := time.Duration(0); at < 6*time.Second; at += s.Vary(900*time.Millisecond, 1200*time.Millisecond) {
		starts = append(starts, at)
	}
	s.Fire(10, stage.Shots(stage.Bursts(s.Rand, starts, 20, 100*time.Millisecond), stage.TimedRequest{
		Method: http.MethodPost,
		Path:   "/orders",
		Body:   200,
	}))
}
