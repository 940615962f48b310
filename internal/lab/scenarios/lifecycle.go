package scenarios

import (
	"net/http"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// lifecycleScenarios are connections that end at the wrong moment.
func lifecycleScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "idle-race", Story: "the member closes idle connections long before the gateway does", Lasts: 8 * time.Second,
			Truth: []stage.Truth{{Cause: "c-idle-race", Member: stage.MemberName(0)}}, Play: idleRace,
		},
		{
			Name: "idle-race-one-of-three", Story: "the same on one of three members, which announces a longer limit than it keeps",
			Lasts: 8 * time.Second,
			Truth: []stage.Truth{{Cause: "c-idle-race", Member: stage.MemberName(2)}}, Play: idleRaceOneOfThree,
		},
		{
			Name: "idle-race-hidden", Story: "the same, with requests that may be sent again: a retry hides every failure",
			Lasts: 8 * time.Second,
			Truth: []stage.Truth{{Cause: "c-idle-race", Member: stage.MemberName(0)}}, Play: idleRaceHidden,
		},
		{
			Name: "use-limit", Story: "the member closes connections after some number of requests, unannounced", Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "c-keepalive-max-requests"}}, Play: useLimit,
		},
		{
			Name: "age-limit", Story: "the member closes connections at some age, whatever they do", Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "c-max-age"}}, Open: true, Play: ageLimit,
		},
		{
			Name: "silent-hop", Story: "a firewall on the way forgets idle connections without telling either side", Lasts: 8 * time.Second,
			Truth: []stage.Truth{{Cause: "b-stateful-idle-drop"}}, Open: true, Play: silentHop,
		},
		{
			Name: "restart", Story: "one of two members is restarted under traffic without a graceful stop", Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "c-restart", Member: stage.MemberName(0)}}, Play: restart,
		},
		{
			Name: "crash-on-input", Story: "one kind of request ends the worker that handles it", Lasts: 5 * time.Second,
			Truth: []stage.Truth{{Cause: "g-crash-on-input"}}, Play: crashOnInput,
		},
	}
}

// order is a request that may not be sent twice.
var order = stage.TimedRequest{Method: http.MethodPost, Path: "/orders", Body: 200}

// raceBursts are requests whose gaps on each connection scatter around the idle limit: bursts a limit and a handler's time
// apart, in which every request needs a connection of its own.
func raceBursts(s *stage.Stage, limit, handler, delay time.Duration, size int, like stage.TimedRequest) []stage.TimedRequest {
	var starts []time.Duration
	for at := time.Duration(0); at < 6*time.Second; at += limit + handler + delay + s.Vary(-20*time.Millisecond, 20*time.Millisecond) {
		starts = append(starts, at)
	}
	return stage.Shots(stage.Bursts(s.Rand, starts, size, handler*4/5), like)
}

func idleRace(s *stage.Stage) {
	limit, delay, handler := s.Vary(300*time.Millisecond, 600*time.Millisecond), s.Vary(12*time.Millisecond, 20*time.Millisecond),
		150*time.Millisecond
	peer := s.Peer(peers.Script{
		Idle:  limit,
		Reply: peers.Reply{After: peers.Always(handler), Body: 100},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(s.Far(peer, delay)), Probe: stage.QuickProbe()}}})
	s.Fire(10, raceBursts(s, limit, handler, delay, 25, order))
}

func idleRaceOneOfThree(s *stage.Stage) {
	limit, delay, handler := s.Vary(400*time.Millisecond, 700*time.Millisecond), s.Vary(12*time.Millisecond, 20*time.Millisecond),
		150*time.Millisecond
	reply := peers.Reply{After: peers.Always(handler), Body: 100}
	health := map[string]peers.Reply{"/health": {}}
	good := s.Peers(2, peers.Script{Reply: reply, Paths: health})
	bad := s.Peer(peers.Script{Idle: limit, Announce: time.Second, Reply: reply, Paths: health})
	s.Open(stage.Site{
		Hint: "ignore",
		Pools: []stage.Pool{{
			Name: "web", Members: stage.Members(good[0].Addr(), good[1].Addr(), s.Far(bad, delay)),
			Probe: stage.QuickProbe(),
		}},
	})
	s.Fire(10, raceBursts(s, limit, handler, delay, 75, order))
}

// idleRaceHidden asks with GET: each lost request is sent again on a fresh connection.
func idleRaceHidden(s *stage.Stage) {
	limit, delay, handler := s.Vary(300*time.Millisecond, 600*time.Millisecond), s.Vary(12*time.Millisecond, 20*time.Millisecond),
		150*time.Millisecond
	peer := s.Peer(peers.Script{
		Idle:  limit,
		Reply: peers.Reply{After: peers.Always(handler), Body: 100},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(s.Far(peer, delay)), Probe: stage.QuickProbe()}}})
	s.Fire(10, raceBursts(s, limit, handler, delay, 25, stage.TimedRequest{Path: "/catalogue"}))
}

// useLimit keeps few connections busy, so that the next request is often on its way when the end is.
func useLimit(s *stage.Stage) {
	peer := s.Peer(peers.Script{
		MaxUses: 15 + s.IntN(20),
		Reply:   peers.Reply{After: peers.Between(5*time.Millisecond, 30*time.Millisecond), Body: 100},
		Paths:   map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{Pools: []stage.Pool{{
		Name: "web", Members: stage.Members(s.Far(peer, 15*time.Millisecond)),
		Probe: stage.QuickProbe(),
	}}})
	s.Fire(10, s.Flow(120, 5*time.Second, order))
}

func ageLimit(s *stage.Stage) {
	peer := s.Peer(peers.Script{
		MaxAge: s.Vary(800*time.Millisecond, 1200*time.Millisecond), Reply: peers.Reply{
			After: peers.Between(20*time.Millisecond, 60*time.Millisecond),
			Body:  100,
		},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{Pools: []stage.Pool{{
		Name: "web", Members: stage.Members(s.Far(peer, 10*time.Millisecond)),
		Probe: stage.QuickProbe(),
	}}})
	s.Fire(10, s.Flow(100, 5*time.Second, order))
}

// silentHop has bursts further apart than the hop remembers: what is sent on an old connection then meets silence.
func silentHop(s *stage.Stage) {
	forget := s.Vary(300*time.Millisecond, 500*time.Millisecond)
	peer := s.Peer(peers.Script{
		Reply: peers.Reply{After: peers.Always(50 * time.Millisecond), Body: 100},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{Pools: []stage.Pool{{
		Name: "web", Members: stage.Members(s.Behind(peer, peers.LinkProfile{Forget: forget})),
		Probe: stage.QuickProbe(), RequestTimeout: 1,
	}}})
	var starts []time.Duration
	for at := time.Duration(0); at < 6*time.Second; at += s.Vary(700*time.Millisecond, 1800*time.Millisecond) {
		starts = append(starts, at)
	}
	s.Fire(10, stage.Shots(stage.Bursts(s.Rand, starts, 15, 200*time.Millisecond), order))
}

func restart(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{
		Reply: peers.Reply{After: peers.Between(100*time.Millisecond, 300*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}}})
	down := s.Vary(1500*time.Millisecond, 2200*time.Millisecond)
	s.After(down, peers[0].Kill)
	s.After(down+s.Vary(600*time.Millisecond, 1200*time.Millisecond), func() { s.Must(peers[0].Restart()) })
	s.Fire(20, s.Flow(80, 5500*time.Millisecond, stage.TimedRequest{Method: http.MethodPost, Path: "/orders", Body: 300}))
}

func crashOnInput(s *stage.Stage) {
	end := []peers.Ending{peers.Close, peers.Reset}[s.IntN(2)]
	peers := s.Peers(2, peers.Script{
		Reply: peers.Reply{After: peers.Between(5*time.Millisecond, 40*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/import": {After: peers.Between(30*time.Millisecond, 90*time.Millisecond), End: end}},
	})
	s.Open(stage.Site{Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}}})
	s.Fire(6, s.Flow(40, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(6, 4*time.Second, stage.TimedRequest{
		Method: http.MethodPost,
		Path:   "/import",
		Body:   500,
	}))
}
