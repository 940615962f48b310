package scenarios

import (
	"net/http"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// clientScenarios are faults of those who ask.
func clientScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "client-abort", Story: "some clients give up before the answer comes", Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "j-client-abort", Also: []string{"j-client-timer-spike"}}}, Play: clientAbort,
		},
		{
			Name: "short-upload", Story: "some clients end their uploads in the middle", Lasts: 5 * time.Second,
			Truth: []stage.Truth{{Cause: "j-short-body"}}, Play: shortUpload,
		},
	}
}

// clientAbort has handlers that take longer than the second after which a waiting gateway looks for its client.
func clientAbort(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{
		Reply: peers.Reply{After: peers.Between(1500*time.Millisecond, 2*time.Second), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}}})
	patience := s.Vary(80*time.Millisecond, 400*time.Millisecond)
	s.Fire(20, s.Flow(30, 4*time.Second, stage.TimedRequest{Path: "/"}),
		s.Flow(6, 4*time.Second, stage.TimedRequest{Path: "/", AbortAfter: patience}))
}

func shortUpload(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{Reply: peers.Reply{After: peers.Between(5*time.Millisecond, 40*time.Millisecond), Body: 200}})
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}}})
	s.Fire(6, s.Flow(30, 4*time.Second, stage.TimedRequest{Method: http.MethodPost, Path: "/upload", Body: 4000}),
		s.Flow(5, 4*time.Second, stage.TimedRequest{Method: http.MethodPost, Path: "/upload", Body: 200_000, Short: true}))
}
