package lab

import (
	"net/http"
	"time"
)

// lifecycleScenarios are connections that end at the wrong moment.
func lifecycleScenarios() []Scenario {
	return []Scenario{
		{
			Name: "idle-race", Story: "the member closes idle connections long before the gateway does", Lasts: 8 * time.Second,
			Truth: []Truth{{Cause: "c-idle-race", Member: memberName(0)}}, play: idleRace,
		},
		{
			Name: "idle-race-one-of-three", Story: "the same on one of three members, which announces a longer limit than it keeps", Lasts: 8 * time.Second,
			Truth: []Truth{{Cause: "c-idle-race", Member: memberName(2)}}, play: idleRaceOneOfThree,
		},
		{
			Name: "idle-race-hidden", Story: "the same, with requests that may be sent again: a retry hides every failure", Lasts: 8 * time.Second,
			Truth: []Truth{{Cause: "c-idle-race", Member: memberName(0)}}, play: idleRaceHidden,
		},
		{
			Name: "use-limit", Story: "the member closes connections after some number of requests, unannounced", Lasts: 6 * time.Second,
			Truth: []Truth{{Cause: "c-keepalive-max-requests"}}, play: useLimit,
		},
		{
			Name: "age-limit", Story: "the member closes connections at some age, whatever they do", Lasts: 6 * time.Second,
			Truth: []Truth{{Cause: "c-max-age"}}, Open: true, play: ageLimit,
		},
		{
			Name: "silent-hop", Story: "a firewall on the way forgets idle connections without telling either side", Lasts: 8 * time.Second,
			Truth: []Truth{{Cause: "b-stateful-idle-drop"}}, Open: true, play: silentHop,
		},
		{
			Name: "restart", Story: "one of two members is restarted under traffic without a graceful stop", Lasts: 6 * time.Second,
			Truth: []Truth{{Cause: "c-restart", Member: memberName(0)}}, play: restart,
		},
		{
			Name: "crash-on-input", Story: "one kind of request ends the worker that handles it", Lasts: 5 * time.Second,
			Truth: []Truth{{Cause: "g-crash-on-input"}}, play: crashOnInput,
		},
	}
}

// order is a request that may not be sent twice.
var order = Shot{Method: http.MethodPost, Path: "/orders", Body: 200}

// raceBursts are requests whose gaps on each connection scatter around the idle limit: bursts a limit and a handler's time
// apart, in which every request needs a connection of its own.
func raceBursts(s *Stage, limit, handler, delay time.Duration, size int, like Shot) []Shot {
	var starts []time.Duration
	for at := time.Duration(0); at < 6*time.Second; at += limit + handler + delay + s.Vary(-20*time.Millisecond, 20*time.Millisecond) {
		starts = append(starts, at)
	}
	return Shots(Bursts(s.Rand, starts, size, handler*4/5), like)
}

func idleRace(s *Stage) {
	limit, delay, handler := s.Vary(300*time.Millisecond, 600*time.Millisecond), s.Vary(12*time.Millisecond, 20*time.Millisecond), 150*time.Millisecond
	peer := s.Peer(Script{Idle: limit, Reply: Reply{After: Always(handler), Body: 100}, Paths: map[string]Reply{"/health": {}}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(s.Far(peer, delay)), Probe: quickProbe()}}})
	s.Fire(10, raceBursts(s, limit, handler, delay, 25, order))
}

func idleRaceOneOfThree(s *Stage) {
	limit, delay, handler := s.Vary(400*time.Millisecond, 700*time.Millisecond), s.Vary(12*time.Millisecond, 20*time.Millisecond), 150*time.Millisecond
	reply := Reply{After: Always(handler), Body: 100}
	health := map[string]Reply{"/health": {}}
	good := s.Peers(2, Script{Reply: reply, Paths: health})
	bad := s.Peer(Script{Idle: limit, Announce: time.Second, Reply: reply, Paths: health})
	s.Open(Site{Hint: "ignore", Pools: []Pool{{Name: "web", Members: members(good[0].Addr(), good[1].Addr(), s.Far(bad, delay)), Probe: quickProbe()}}})
	s.Fire(10, raceBursts(s, limit, handler, delay, 75, order))
}

// idleRaceHidden asks with GET: each lost request is sent again on a fresh connection.
func idleRaceHidden(s *Stage) {
	limit, delay, handler := s.Vary(300*time.Millisecond, 600*time.Millisecond), s.Vary(12*time.Millisecond, 20*time.Millisecond), 150*time.Millisecond
	peer := s.Peer(Script{Idle: limit, Reply: Reply{After: Always(handler), Body: 100}, Paths: map[string]Reply{"/health": {}}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(s.Far(peer, delay)), Probe: quickProbe()}}})
	s.Fire(10, raceBursts(s, limit, handler, delay, 25, Shot{Path: "/catalogue"}))
}

// useLimit keeps few connections busy, so that the next request is often on its way when the end is.
func useLimit(s *Stage) {
	peer := s.Peer(Script{MaxUses: 15 + s.IntN(20), Reply: Reply{After: Between(5*time.Millisecond, 30*time.Millisecond), Body: 100}, Paths: map[string]Reply{"/health": {}}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(s.Far(peer, 15*time.Millisecond)), Probe: quickProbe()}}})
	s.Fire(10, s.Flow(120, 5*time.Second, order))
}

func ageLimit(s *Stage) {
	peer := s.Peer(Script{
		MaxAge: s.Vary(800*time.Millisecond, 1200*time.Millisecond), Reply: Reply{After: Between(20*time.Millisecond, 60*time.Millisecond), Body: 100},
		Paths: map[string]Reply{"/health": {}},
	})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(s.Far(peer, 10*time.Millisecond)), Probe: quickProbe()}}})
	s.Fire(10, s.Flow(100, 5*time.Second, order))
}

// silentHop has bursts further apart than the hop remembers: what is sent on an old connection then meets silence.
func silentHop(s *Stage) {
	forget := s.Vary(300*time.Millisecond, 500*time.Millisecond)
	peer := s.Peer(Script{Reply: Reply{After: Always(50 * time.Millisecond), Body: 100}, Paths: map[string]Reply{"/health": {}}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(s.Behind(peer, Course{Forget: forget})), Probe: quickProbe(), RequestTimeout: 1}}})
	var starts []time.Duration
	for at := time.Duration(0); at < 6*time.Second; at += s.Vary(700*time.Millisecond, 1800*time.Millisecond) {
		starts = append(starts, at)
	}
	s.Fire(10, Shots(Bursts(s.Rand, starts, 15, 200*time.Millisecond), order))
}

func restart(s *Stage) {
	peers := s.Peers(2, Script{Reply: Reply{After: Between(100*time.Millisecond, 300*time.Millisecond), Body: 200}, Paths: map[string]Reply{"/health": {}}})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	down := s.Vary(1500*time.Millisecond, 2200*time.Millisecond)
	s.After(down, peers[0].Kill)
	s.After(down+s.Vary(600*time.Millisecond, 1200*time.Millisecond), func() { s.must(peers[0].Restart()) })
	s.Fire(20, s.Flow(80, 5500*time.Millisecond, Shot{Method: http.MethodPost, Path: "/orders", Body: 300}))
}

func crashOnInput(s *Stage) {
	end := []Ending{Close, Reset}[s.IntN(2)]
	peers := s.Peers(2, Script{
		Reply: Reply{After: Between(5*time.Millisecond, 40*time.Millisecond), Body: 200},
		Paths: map[string]Reply{"/import": {After: Between(30*time.Millisecond, 90*time.Millisecond), End: end}},
	})
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	s.Fire(6, s.Flow(40, 4*time.Second, Shot{Path: "/"}), s.Flow(6, 4*time.Second, Shot{Method: http.MethodPost, Path: "/import", Body: 500}))
}
