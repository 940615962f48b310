package scenarios

import (
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// timeoutScenarios are answers that come too late or never.
func timeoutScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "timeout-cliff", Story: "slow answers reach past the request timeout", Lasts: 7 * time.Second,
			Truth: []stage.Truth{{Cause: "d-timeout-below-latency"}}, Play: timeoutCliff,
		},
		{
			Name: "hung", Story: "some requests are lost in the application and never answered; all others are quick",
			Lasts: 7 * time.Second,
			Truth: []stage.Truth{{Cause: "d-hung"}}, Play: hung,
		},
	}
}

// lognormal is a time whose logarithm is normal, as the times of real handlers nearly are.
func lognormal(median time.Duration, sigma float64) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		return time.Duration(float64(median) * math.Exp(sigma*r.NormFloat64()))
	}
}

func timeoutCliff(s *stage.Stage) {
	median := s.Vary(450*time.Millisecond, 550*time.Millisecond)
	peers := s.Peers(2, peers.Script{
		Reply: peers.Reply{After: lognormal(median, 0.4), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{Pools: []stage.Pool{{
		Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe(),
		RequestTimeout: 1,
	}}})
	s.Fire(40, s.Flow(70, 5*time.Second, stage.TimedRequest{Method: http.MethodPost, Path: "/report", Body: 200}))
}

func hung(s *stage.Stage) {
	reply := peers.Reply{
		After: peers.Between(20*time.Millisecond, 90*time.Millisecond),
		Body:  200,
		Never: true,
		Odds:  0.03 + 0.04*s.Float64(),
	}
	peers := s.Peers(2, peers.Script{Reply: reply, Paths: map[string]peers.Reply{"/health": {}}})
	s.Open(stage.Site{Pools: []stage.Pool{{
		Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe(),
		RequestTimeout: 1,
	}}})
	s.Fire(20, s.Flow(70, 5*time.Second, stage.TimedRequest{Method: http.MethodPost, Path: "/orders", Body: 200}))
}
