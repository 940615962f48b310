package lab

import (
	"net/http"
	"time"
)

// healthyScenarios look like trouble and are none: nothing may be found.
func healthyScenarios() []Scenario {
	return []Scenario{
		{Name: "busy-but-fine", Story: "much traffic, every connection reused again and again", Lasts: 5 * time.Second, play: busyButFine},
		{Name: "slow-but-fine", Story: "answers take most of the request timeout, and come", Lasts: 6 * time.Second, play: slowButFine},
		{Name: "idle-but-fine", Story: "the member closes idle connections, and the gateway sees each of them before use", Lasts: 7 * time.Second, play: idleButFine},
	}
}

func busyButFine(s *Stage) {
	peers := s.Peers(3, Script{Reply: Reply{After: Between(time.Millisecond, 20*time.Millisecond), Body: 1000}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	s.Fire(30, s.Flow(150, 4*time.Second, Shot{Path: "/"}), s.Flow(100, 4*time.Second, Shot{Method: http.MethodPost, Path: "/orders", Body: 2000}))
}

func slowButFine(s *Stage) {
	peers := s.Peers(2, Script{Reply: Reply{After: Between(900*time.Millisecond, 1500*time.Millisecond), Body: 200}, Paths: map[string]Reply{"/health": {}}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe(), RequestTimeout: 2}}})
	s.Fire(40, s.Flow(50, 4*time.Second, Shot{Method: http.MethodPost, Path: "/report", Body: 200}))
}

func idleButFine(s *Stage) {
	limit := s.Vary(300*time.Millisecond, 400*time.Millisecond)
	peers := s.Peers(2, Script{Idle: limit, Reply: Reply{After: Always(10 * time.Millisecond), Body: 200}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	var starts []time.Duration
	for at := time.Duration(0); at < 6*time.Second; at += s.Vary(900*time.Millisecond, 1200*time.Millisecond) {
		starts = append(starts, at)
	}
	s.Fire(10, Shots(Bursts(s.Rand, starts, 20, 100*time.Millisecond), Shot{Method: http.MethodPost, Path: "/orders", Body: 200}))
}
