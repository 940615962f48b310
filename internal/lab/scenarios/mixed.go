package scenarios

import (
	"net/http"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// mixedScenarios have two causes at work at once.
func mixedScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "idle-race-and-empty-pool", Story: "one pool loses requests to an idle limit, another has no members",
			Lasts: 8 * time.Second,
			Truth: []stage.Truth{{Cause: "c-idle-race", Member: stage.MemberName(0)}, {Cause: "i-empty-pool"}}, Play: raceAndEmptyPool,
		},
		{
			Name: "restart-and-5xx", Story: "a member is restarted while the application fails some searches", Lasts: 7 * time.Second,
			Truth: []stage.Truth{{Cause: "c-restart", Member: stage.MemberName(0)}, {Cause: "k-backend-5xx"}}, Play: restartAnd5xx,
		},
		{
			Name: "timeout-and-head", Story: "one path is too slow for the timeout, another sends too large a head", Lasts: 7 * time.Second,
			Truth: []stage.Truth{{Cause: "d-slow-route", Also: []string{"d-timeout-below-latency"}}, {Cause: "e-header-too-big"}},
			Open:  true, Play: timeoutAndHead,
		},
		{
			Name: "clients-and-crash", Story: "some clients leave, and one kind of request ends its worker", Lasts: 6 * time.Second,
			Truth: []stage.Truth{
				{Cause: "j-client-abort", Also: []string{"j-client-timer-spike"}},
				{Cause: "g-crash-on-input"},
			},
			Open: true, Play: clientsAndCrash,
		},
		{
			Name: "two-members-two-causes", Story: "one member loses requests to its idle limit, the other hangs on some",
			Lasts: 10 * time.Second,
			Truth: []stage.Truth{{Cause: "c-idle-race", Member: stage.MemberName(0)}, {Cause: "d-hung"}}, Open: true,
			Play: twoMembersTwoCauses,
		},
		{
			Name: "refused-and-expired", Story: "one pool's members are away, the certificate of another pool's has run out",
			Lasts: 4 * time.Second,
			Truth: []stage.Truth{
				{Cause: "b-refused", Also: []string{"a-all-unhealthy-fail-closed"}},
				{Cause: "f-expired", Also: []string{"a-all-unhealthy-fail-closed"}},
			}, Play: refusedAndExpired,
		},
		{
			Name: "short-bodies-both-ways", Story: "clients end uploads early, and an export ends early too", Lasts: 5 * time.Second,
			Truth: []stage.Truth{{Cause: "j-short-body"}, {Cause: "e-short-body"}}, Open: true, Play: shortBothWays,
		},
		{
			Name: "probe-and-client-head", Story: "one pool fails its probe, and some clients send too large a head",
			Lasts: 4 * time.Second,
			Truth: []stage.Truth{
				{Cause: "a-probe-status-mismatch", Also: []string{"a-all-unhealthy-fail-closed"}},
				{Cause: "j-header-limit"},
			}, Play: probeAndClientHead,
		},
	}
}

func raceAndEmptyPool(s *stage.Stage) {
	limit, delay, handler := s.Vary(300*time.Millisecond, 600*time.Millisecond), s.Vary(12*time.Millisecond, 20*time.Millisecond),
		150*time.Millisecond
	peer := s.Peer(peers.Script{
		Idle:  limit,
		Reply: peers.Reply{After: peers.Always(handler), Body: 100},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{Pools: []stage.Pool{
		{Name: "web", Members: stage.Members(s.Far(peer, delay)), Probe: stage.QuickProbe()},
		{Name: "reports", Path: "/reports/*"},
	}})
	s.Fire(10, raceBursts(s, limit, handler, delay, 25, order), s.Flow(2, 6*time.Second, stage.TimedRequest{Path: "/reports/day"}))
}

func restartAnd5xx(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{Reply: peers.Reply{
		After: peers.Between(100*time.Millisecond, 300*time.Millisecond),
		Body:  200,
	}, Paths: map[string]peers.Reply{
		"/health": {}, "/search": {
			After: peers.Between(5*time.Millisecond, 40*time.Millisecond), Status: 500, Odds: 0.3,
			Text: "exception\n",
		},
	}})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	down := s.Vary(1500*time.Millisecond, 2200*time.Millisecond)
	s.After(down, peers[0].Kill)
	s.After(down+s.Vary(600*time.Millisecond, 1200*time.Millisecond), func() { s.Must(peers[0].Restart()) })
	s.Fire(20, s.Flow(70, 6*time.Second, order), s.Flow(12, 6*time.Second, stage.TimedRequest{Path: "/search"}))
}

func timeoutAndHead(s *stage.Stage) {
	report := peers.Reply{After: lognormal(s.Vary(700*time.Millisecond, 900*time.Millisecond), 0.35), Body: 200}
	cookie := peers.Reply{Raw: "HTTP/1.1 200 OK\r\nSet-Cookie: claims=" + repeated(36_000+s.IntN(5000)) + "\r\nContent-Length: 0\r\n\r\n"}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/report": report, "/account": cookie, "/health": {}}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 1})
	s.Fire(30, s.Flow(50, 5*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(20, 5*time.Second, stage.TimedRequest{
		Method: http.MethodPost,
		Path:   "/report",
		Body:   100,
	}), s.Flow(5, 5*time.Second, stage.TimedRequest{Path: "/account"}))
}

func clientsAndCrash(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{Reply: peers.Reply{
		After: peers.Between(1500*time.Millisecond, 2*time.Second),
		Body:  200,
	}, Paths: map[string]peers.Reply{
		"/health": {}, "/list": {After: peers.Between(5*time.Millisecond, 40*time.Millisecond), Body: 100},
		"/import": {After: peers.Between(30*time.Millisecond, 90*time.Millisecond), End: peers.Reset},
	}})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(20, s.Flow(20, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(30, 4*time.Second, stage.TimedRequest{Path: "/list"}),
		s.Flow(6, 4*time.Second, stage.TimedRequest{Path: "/", AbortAfter: s.Vary(80*time.Millisecond, 400*time.Millisecond)}),
		s.Flow(6, 4*time.Second, stage.TimedRequest{Method: http.MethodPost, Path: "/import", Body: 500}))
}

func twoMembersTwoCauses(s *stage.Stage) {
	limit, delay, handler := s.Vary(300*time.Millisecond, 600*time.Millisecond), s.Vary(12*time.Millisecond, 20*time.Millisecond),
		150*time.Millisecond
	health := map[string]peers.Reply{"/health": {}}
	racing := s.Peer(peers.Script{Idle: limit, Reply: peers.Reply{After: peers.Always(handler), Body: 100}, Paths: health})
	losing := s.Peer(peers.Script{Reply: peers.Reply{After: peers.Always(handler), Body: 100, Never: true, Odds: 0.1}, Paths: health})
	s.Web(stage.Pool{Members: stage.Members(s.Far(racing, delay), losing.Addr()), RequestTimeout: 3})
	s.Fire(10, raceBursts(s, limit, handler, delay, 50, order))
}

func refusedAndExpired(s *stage.Stage) {
	ca := s.Authority()
	away := s.Peers(2, peers.Script{})
	for _, p := range away {
		p.Kill()
	}
	safe := s.Peer(peers.Script{
		TLS:   s.Certificate(ca, siteHost, time.Now().Add(-s.Vary(time.Minute, 50*time.Minute))),
		Reply: peers.Reply{Body: 100},
	})
	s.Open(stage.Site{Pools: []stage.Pool{
		{Name: "web", Members: stage.Members(stage.Addrs(away)...), Probe: stage.QuickProbe()},
		{
			Name: "api", Path: "/api/*", Members: []stage.Member{{Name: "10.2.0.4", Dial: safe.Addr()}}, Probe: stage.QuickProbe(),
			TLS:  true,
			Host: siteHost, Root: ca.Der,
		},
	}})
	s.Fire(4, s.Flow(20, 2*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(20, 2*time.Second, stage.TimedRequest{Path: "/api/a"}))
}

func shortBothWays(s *stage.Stage) {
	body := 2000 + s.IntN(3000)
	export := peers.Reply{
		After:   peers.Between(5*time.Millisecond, 40*time.Millisecond),
		Body:    body,
		Declare: body + 500 + s.IntN(1000),
		End:     peers.Close,
		EndAt:   1 << 20,
	}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/export": export}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(6, s.Flow(30, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(6, 4*time.Second, stage.TimedRequest{Path: "/export"}),
		s.Flow(5, 4*time.Second, stage.TimedRequest{Method: http.MethodPost, Path: "/upload", Body: 200_000, Short: true}))
}

func probeAndClientHead(s *stage.Stage) {
	servers := s.Peers(2, ordinary(nil))
	closed := s.Peer(ordinary(map[string]peers.Reply{"/health": {Status: 401}}))
	s.Open(stage.Site{Pools: []stage.Pool{
		{Name: "web", Members: stage.Members(stage.Addrs(servers)...), Probe: stage.QuickProbe()},
		{Name: "admin", Path: "/admin/*", Members: []stage.Member{{Name: "10.2.0.4", Dial: closed.Addr()}}, Probe: stage.QuickProbe()},
	}})
	cookie := http.Header{"Cookie": {"claims=" + repeated(66_000+s.IntN(9000))}}
	s.Fire(6, s.Flow(30, 3*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(10, 3*time.Second, stage.TimedRequest{Path: "/admin/users"}),
		s.Flow(6, 3*time.Second, stage.TimedRequest{Path: "/account", Header: cookie}))
}
