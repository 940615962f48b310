package scenarios

import (
	"net/http"
	"strings"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// timeScenarios are requests that wait for something.
func timeScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "inner-timeout", Story: "the application gives up on what is behind it after a time of its own", Lasts: 8 * time.Second,
			Truth: []stage.Truth{{Cause: "d-inner-timeout", Also: []string{"k-backend-5xx"}}}, Play: innerTimeoutPlay,
		},
		{
			Name: "slow-route", Story: "one path takes longer than the request timeout; the others are quick", Lasts: 7 * time.Second,
			Truth: []stage.Truth{{Cause: "d-slow-route"}}, Play: slowRoutePlay,
		},
		{
			Name: "long-poll", Story: "a long poll is held as long as the gateway waits", Lasts: 9 * time.Second,
			Truth: []stage.Truth{{Cause: "d-longpoll-equals-timer"}}, Open: true, Play: longPoll,
		},
		{
			Name: "retry-doubling", Story: "requests that hang on one member are tried on a second one, and hang there too",
			Lasts: 8 * time.Second,
			Truth: []stage.Truth{{Cause: "d-hung"}, {Cause: "d-retry-doubling"}}, Open: true, Play: retryDoublingPlay,
		},
		{
			Name: "slow-body", Story: "answers begin at once, and their bodies stall for longer than the timeout", Lasts: 8 * time.Second,
			Truth: []stage.Truth{{Cause: "d-slow-body", Also: []string{"d-read-gap"}}}, Play: slowBody,
		},
		{
			Name: "read-gap", Story: "an event stream is silent for longer than the timeout between two events", Lasts: 10 * time.Second,
			Slow:  true,
			Truth: []stage.Truth{{Cause: "d-read-gap", Also: []string{"d-slow-body", "d-ws-sse-idle"}}}, Play: readGap,
		},
		{
			Name: "silent-stream", Story: "event streams say nothing for longer than the request timeout", Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "d-ws-sse-idle", Also: []string{"d-read-gap"}}}, Play: silentStream,
		},
		{
			Name: "worker-killed", Story: "the server's supervisor kills workers that take longer than its own limit",
			Lasts: 7 * time.Second,
			Truth: []stage.Truth{{Cause: "d-worker-timeout-kill", Also: []string{"d-inner-timeout"}}}, Open: true, Play: workerKilled,
		},
		{
			Name: "worker-killed-always", Story: "the same, and one kind of request always takes longer", Lasts: 7 * time.Second,
			Truth: []stage.Truth{{Cause: "d-worker-timeout-kill", Also: []string{"d-inner-timeout"}}}, Open: true, Play: workerKilledAlways,
		},
		{
			Name: "slow-first-byte", Story: "every answer needs longer than the timeout allows", Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "d-slow-first-byte", Also: []string{"d-timeout-below-latency"}}}, Open: true, Play: slowFirstByte,
		},
		{
			Name: "pause", Story: "the runtime of the only member stops for a while, and everything on it stalls and goes on together",
			Lasts: 8 * time.Second, Slow: true,
			Truth: []stage.Truth{{Cause: "d-gc-pause"}}, Open: true, Known: "no rule finds a pause of the process yet", Play: pause,
		},
		{
			Name: "one-lock", Story: "writes wait for one lock, one after the other; reads do not", Lasts: 8 * time.Second, Slow: true,
			Truth: []stage.Truth{{Cause: "d-db-lock", Also: []string{"d-slow-route", "d-timeout-below-latency", "g-worker-pool"}}},
			Open:  true,
			Known: "a lock looks like a slow path", Play: oneLock,
		},
		{
			Name: "cold-start", Story: "the member needs long for the first request after a quiet time", Lasts: 9 * time.Second,
			Truth: []stage.Truth{{Cause: "d-cold-start"}}, Play: coldStart,
		},
	}
}

func innerTimeoutPlay(s *stage.Stage) {
	status := []int{500, 503, 504}[s.IntN(3)]
	gone := peers.Reply{After: peers.Between(time.Second, 1020*time.Millisecond), Status: status, Text: "timeout\n"}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/search": gone}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 3 + s.IntN(3)})
	s.Fire(10, s.Flow(40, 5*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(6, 5*time.Second, stage.TimedRequest{Path: "/search"}))
}

func slowRoutePlay(s *stage.Stage) {
	report := peers.Reply{After: lognormal(s.Vary(700*time.Millisecond, 900*time.Millisecond), 0.35), Body: 200}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/report": report, "/health": {}}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 1})
	s.Fire(30, s.Flow(60, 5*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(20, 5*time.Second, stage.TimedRequest{
		Method: http.MethodPost,
		Path:   "/report",
		Body:   100,
	}))
}

func longPoll(s *stage.Stage) {
	hold := peers.Reply{After: peers.Between(1970*time.Millisecond, 2020*time.Millisecond), Body: 20}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/poll": hold}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 2})
	s.Fire(30, s.Flow(40, 6*time.Second, stage.TimedRequest{Path: "/"}),
		s.Flow(12, 6*time.Second, stage.TimedRequest{Method: http.MethodPost, Path: "/poll", Body: 20}))
}

func retryDoublingPlay(s *stage.Stage) {
	reply := peers.Reply{After: peers.Between(20*time.Millisecond, 90*time.Millisecond), Body: 200}
	lost := reply
	lost.Never, lost.Odds = true, 0.4
	peers := s.Peers(2, peers.Script{Reply: reply, Paths: map[string]peers.Reply{"/health": {}, "/search": lost}})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 2})
	s.Fire(20, s.Flow(30, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(15, 4*time.Second, stage.TimedRequest{Path: "/search"}))
}

func slowBody(s *stage.Stage) {
	export := peers.Reply{
		After: peers.Between(5*time.Millisecond, 40*time.Millisecond),
		Body:  4000,
		EndAt: 2000 + s.IntN(1000),
		Rest:  3 * time.Second,
	}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/export": export}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 1})
	s.Fire(10, s.Flow(40, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(6, 4*time.Second, stage.TimedRequest{Path: "/export"}))
}

func readGap(s *stage.Stage) {
	events := peers.Reply{
		After:   peers.Between(5*time.Millisecond, 20*time.Millisecond),
		Text:    strings.Repeat("data: tick\n\n", 20),
		Chunked: true,
		EndAt:   180,
		Pieces:  4,
		Pause:   s.Vary(500*time.Millisecond, 700*time.Millisecond),
		Rest:    s.Vary(2500*time.Millisecond, 3*time.Second),
	}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/events": events}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 1})
	s.Fire(10, s.Flow(40, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(6, 4*time.Second, stage.TimedRequest{Path: "/events"}))
}

func silentStream(s *stage.Stage) {
	events := peers.Reply{
		After:   peers.Between(5*time.Millisecond, 20*time.Millisecond),
		Header:  http.Header{"Content-Type": {"text/event-stream"}},
		Text:    strings.Repeat("data: tick\n\n", 20),
		Chunked: true,
		EndAt:   200,
		Rest:    s.Vary(2500*time.Millisecond, 3*time.Second),
	}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/events": events}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 1})
	s.Fire(10, s.Flow(40, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(6, 4*time.Second, stage.TimedRequest{Path: "/events"}))
}

// workerKilled has most requests of the slow kind answered in time.
func workerKilled(s *stage.Stage) {
	alwaysKilled(s, peers.Reply{After: lognormal(s.Vary(600*time.Millisecond, 700*time.Millisecond), 0.5), Body: 100, KillAt: time.Second})
}

func workerKilledAlways(s *stage.Stage) {
	alwaysKilled(s, peers.Reply{After: peers.Between(time.Second, 1020*time.Millisecond), End: peers.Close})
}

func alwaysKilled(s *stage.Stage, killed peers.Reply) {
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/render": killed}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 4})
	s.Fire(10, s.Flow(40, 5*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(16, 5*time.Second, stage.TimedRequest{
		Method: http.MethodPost,
		Path:   "/render",
		Body:   100,
	}))
}

func slowFirstByte(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{
		Reply: peers.Reply{After: peers.Between(1500*time.Millisecond, 2500*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 1})
	s.Fire(30, s.Flow(20, 4*time.Second, order))
}

func pause(s *stage.Stage) {
	peer := s.Peer(ordinary(nil))
	relay := s.Relay(peer, peers.LinkProfile{})
	if relay == nil {
		return
	}
	s.Web(stage.Pool{Members: stage.Members(relay.Addr()), RequestTimeout: 1})
	for at := s.Vary(1*time.Second, 1500*time.Millisecond); at < 6*time.Second; at += s.Vary(2500*time.Millisecond, 3*time.Second) {
		s.After(at, func() { relay.Stall(true) })
		s.After(at+s.Vary(1300*time.Millisecond, 1600*time.Millisecond), func() { relay.Stall(false) })
	}
	s.Fire(10, s.Flow(40, 7*time.Second, order))
}

// oneLock serves writes on a pool of their own with one worker that is nearly used up.
func oneLock(s *stage.Stage) {
	peer := s.Peer(peers.Script{
		Workers: 1,
		Reply:   peers.Reply{Body: 100},
		Paths:   map[string]peers.Reply{"/book": {After: peers.Between(60*time.Millisecond, 100*time.Millisecond), Body: 100}},
	})
	s.Web(stage.Pool{Members: stage.Members(peer.Addr()), RequestTimeout: 1})
	s.Fire(30, s.Flow(40, 6*time.Second, stage.TimedRequest{Path: "/"}),
		s.Flow(16, 6*time.Second, stage.TimedRequest{Method: http.MethodPost, Path: "/book", Body: 100}))
}

// coldStart forgets its caches when nothing has come for a while: what comes then finds an empty cache.
func coldStart(s *stage.Stage) {
	quick, cold := ordinary(nil), ordinary(nil)
	cold.Reply.After = peers.Between(1500*time.Millisecond, 1900*time.Millisecond)
	cold.Paths = map[string]peers.Reply{"/health": {}}
	quick.Paths = cold.Paths
	quick.Idle, cold.Idle = 500*time.Millisecond, 500*time.Millisecond // nobody's connections outlive a quiet time
	peer := s.Peer(quick)
	s.Web(stage.Pool{Members: stage.Members(peer.Addr()), RequestTimeout: 1})
	var shots []stage.TimedRequest
	for at := time.Duration(0); at < 8*time.Second; at += 2400 * time.Millisecond {
		s.After(at, func() { peer.Rewrite(cold) })
		s.After(at+300*time.Millisecond, func() { peer.Rewrite(quick) })
		shots = append(shots, stage.Shots(stage.Bursts(s.Rand, []time.Duration{at + 50*time.Millisecond}, 4, 150*time.Millisecond),
			order)...)
		shots = append(shots, stage.Shots(stage.Bursts(s.Rand, []time.Duration{at + 400*time.Millisecond}, 25, 700*time.Millisecond),
			order)...)
	}
	s.Fire(10, shots)
}
