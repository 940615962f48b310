package lab

import (
	"math"
	"math/rand/v2"
	"net/http"
	"time"
)

// timeoutScenarios are answers that come too late or never.
func timeoutScenarios() []Scenario {
	return []Scenario{
		{
			Name: "timeout-cliff", Story: "slow answers reach past the request timeout", Lasts: 7 * time.Second,
			Truth: []Truth{{Cause: "d-timeout-below-latency"}}, play: timeoutCliff,
		},
		{
			Name: "hung", Story: "some requests are lost in the application and never answered; all others are quick", Lasts: 7 * time.Second,
			Truth: []Truth{{Cause: "d-hung"}}, play: hung,
		},
	}
}

// lognormal is a time whose logarithm is normal, as the times of real handlers nearly are.
func lognormal(median time.Duration, sigma float64) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		return time.Duration(float64(median) * math.Exp(sigma*r.NormFloat64()))
	}
}

func timeoutCliff(s *Stage) {
	median := s.Vary(450*time.Millisecond, 550*time.Millisecond)
	peers := s.Peers(2, Script{Reply: Reply{After: lognormal(median, 0.4), Body: 200}, Paths: map[string]Reply{"/health": {}}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe(), RequestTimeout: 1}}})
	s.Fire(40, s.Flow(70, 5*time.Second, Shot{Method: http.MethodPost, Path: "/report", Body: 200}))
}

func hung(s *Stage) {
	reply := Reply{After: Between(20*time.Millisecond, 90*time.Millisecond), Body: 200, Never: true, Odds: 0.03 + 0.04*s.Float64()}
	peers := s.Peers(2, Script{Reply: reply, Paths: map[string]Reply{"/health": {}}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe(), RequestTimeout: 1}}})
	s.Fire(20, s.Flow(70, 5*time.Second, Shot{Method: http.MethodPost, Path: "/orders", Body: 200}))
}
