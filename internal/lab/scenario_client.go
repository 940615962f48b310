package lab

import (
	"net/http"
	"time"
)

// clientScenarios are faults of those who ask.
func clientScenarios() []Scenario {
	return []Scenario{
		{
			Name: "client-abort", Story: "some clients give up before the answer comes", Lasts: 6 * time.Second,
			Truth: []Truth{{Cause: "j-client-abort"}}, play: clientAbort,
		},
		{
			Name: "short-upload", Story: "some clients end their uploads in the middle", Lasts: 5 * time.Second,
			Truth: []Truth{{Cause: "j-short-body"}}, play: shortUpload,
		},
	}
}

// clientAbort has handlers that take longer than the second after which a waiting gateway looks for its client.
func clientAbort(s *Stage) {
	peers := s.Peers(2, Script{Reply: Reply{After: Between(1500*time.Millisecond, 2*time.Second), Body: 200}, Paths: map[string]Reply{"/health": {}}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	patience := s.Vary(80*time.Millisecond, 400*time.Millisecond)
	s.Fire(20, s.Flow(30, 4*time.Second, Shot{Path: "/"}), s.Flow(6, 4*time.Second, Shot{Path: "/", AbortAfter: patience}))
}

func shortUpload(s *Stage) {
	peers := s.Peers(2, Script{Reply: Reply{After: Between(5*time.Millisecond, 40*time.Millisecond), Body: 200}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	s.Fire(6, s.Flow(30, 4*time.Second, Shot{Method: http.MethodPost, Path: "/upload", Body: 4000}),
		s.Flow(5, 4*time.Second, Shot{Method: http.MethodPost, Path: "/upload", Body: 200_000, Short: true}))
}
