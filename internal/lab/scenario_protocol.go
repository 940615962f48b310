package lab

import (
	"net/http"
	"strings"
	"time"
)

// protocolScenarios are answers that are wrong, or not the gateway's.
func protocolScenarios() []Scenario {
	return []Scenario{
		{
			Name: "header-too-big", Story: "cookies of some users have grown past what the gateway takes", Lasts: 5 * time.Second,
			Truth: []Truth{{Cause: "e-header-too-big"}}, play: headerTooBig,
		},
		{
			Name: "short-body", Story: "an export ends before the length that it declares", Lasts: 5 * time.Second,
			Truth: []Truth{{Cause: "e-short-body"}}, play: shortBody,
		},
		{
			Name: "backend-5xx", Story: "the application answers some requests with errors of its own", Lasts: 5 * time.Second,
			Truth: []Truth{{Cause: "k-backend-5xx"}}, play: backend5xx,
		},
	}
}

// ordinary is a server that answers at once, but for some paths.
func ordinary(paths map[string]Reply) Script {
	return Script{Reply: Reply{After: Between(5*time.Millisecond, 40*time.Millisecond), Body: 200}, Paths: paths}
}

func headerTooBig(s *Stage) {
	cookie := http.Header{"Set-Cookie": {"claims=" + strings.Repeat("a", 33_000+s.IntN(8_000)) + "; Path=/"}}
	peers := s.Peers(2, ordinary(map[string]Reply{"/account": {After: Between(5*time.Millisecond, 40*time.Millisecond), Header: cookie}}))
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	s.Fire(6, s.Flow(40, 4*time.Second, Shot{Path: "/"}), s.Flow(6, 4*time.Second, Shot{Path: "/account"}))
}

func shortBody(s *Stage) {
	body := 2000 + s.IntN(3000)
	export := Reply{After: Between(5*time.Millisecond, 40*time.Millisecond), Body: body, Declare: body + 500 + s.IntN(1000), End: Close, EndAt: 1 << 20}
	peers := s.Peers(2, ordinary(map[string]Reply{"/export": export}))
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	s.Fire(6, s.Flow(40, 4*time.Second, Shot{Path: "/"}), s.Flow(6, 4*time.Second, Shot{Path: "/export"}))
}

func backend5xx(s *Stage) {
	status := []int{500, 502, 503}[s.IntN(3)]
	peers := s.Peers(2, ordinary(map[string]Reply{"/search": {After: Between(5*time.Millisecond, 40*time.Millisecond), Status: status, Odds: 0.4, Text: "exception\n"}}))
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	s.Fire(6, s.Flow(40, 4*time.Second, Shot{Path: "/"}), s.Flow(12, 4*time.Second, Shot{Path: "/search"}))
}
