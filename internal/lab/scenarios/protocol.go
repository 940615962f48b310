package scenarios

import (
	"net/http"
	"strings"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// protocolScenarios are answers that are wrong, or not the gateway's.
func protocolScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "header-too-big", Story: "cookies of some users have grown past what the gateway takes", Lasts: 5 * time.Second,
			Truth: []stage.Truth{{Cause: "e-header-too-big"}}, Play: headerTooBig,
		},
		{
			Name: "short-body", Story: "an export ends before the length that it declares", Lasts: 5 * time.Second,
			Truth: []stage.Truth{{Cause: "e-short-body"}}, Play: shortBody,
		},
		{
			Name: "backend-5xx", Story: "the application answers some requests with errors of its own", Lasts: 5 * time.Second,
			Truth: []stage.Truth{{Cause: "k-backend-5xx"}}, Play: backend5xx,
		},
	}
}

// ordinary is a server that answers at once, but for some paths.
func ordinary(paths map[string]peers.Reply) peers.Script {
	return peers.Script{Reply: peers.Reply{After: peers.Between(5*time.Millisecond, 40*time.Millisecond), Body: 200}, Paths: paths}
}

func headerTooBig(s *stage.Stage) {
	cookie := http.Header{"Set-Cookie": {"claims=" + strings.Repeat("a", 33_000+s.IntN(8_000)) + "; Path=/"}}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/account": {
		After:  peers.Between(5*time.Millisecond, 40*time.Millisecond),
		Header: cookie,
	}}))
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}}})
	s.Fire(6, s.Flow(40, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(6, 4*time.Second, stage.TimedRequest{Path: "/account"}))
}

func shortBody(s *stage.Stage) {
	body := 2000 + s.IntN(3000)
	export := peers.Reply{
		After:   peers.Between(5*time.Millisecond, 40*time.Millisecond),
		Body:    body,
		Declare: body + 500 + s.IntN(1000),
		End:     peers.Close,
		EndAt:   1 << 20,
	}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/export": export}))
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}}})
	s.Fire(6, s.Flow(40, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(6, 4*time.Second, stage.TimedRequest{Path: "/export"}))
}

func backend5xx(s *stage.Stage) {
	status := []int{500, 502, 503}[s.IntN(3)]
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/search": {
		After:  peers.Between(5*time.Millisecond, 40*time.Millisecond),
		Status: status, Odds: 0.4, Text: "exception\n",
	}}))
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}}})
	s.Fire(6, s.Flow(40, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(12, 4*time.Second, stage.TimedRequest{Path: "/search"}))
}
