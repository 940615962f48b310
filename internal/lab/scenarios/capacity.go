package scenarios

import (
	"net/http"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// capacityScenarios are members that have more to do than they can.
func capacityScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "queueing", Story: "one worker serves everything; when more comes than it can do, all kinds of requests wait",
			Lasts: 13 * time.Second,
			Truth: []stage.Truth{{Cause: "g-cpu-queueing", Also: []string{"g-worker-pool"}}}, Open: true, Play: queueingPlay,
		},
		{
			Name: "worker-pool", Story: "all workers are held by one slow kind of request, and the quick ones wait behind them",
			Lasts: 10 * time.Second, Slow: true,
			Truth: []stage.Truth{{Cause: "g-worker-pool", Also: []string{"g-cpu-queueing", "d-timeout-below-latency"}}}, Open: true,
			Known: "the evidence does not separate workers from processors", Play: workerPool,
		},
		{
			Name: "shedding", Story: "the application answers 503 at once when more comes than it can do", Lasts: 13 * time.Second,
			Slow:  true,
			Truth: []stage.Truth{{Cause: "g-shed-503", Also: []string{"k-backend-5xx"}}}, Open: true, Play: shedding503,
		},
		{
			Name: "noisy-member", Story: "one of four members is slow, whatever it is asked", Lasts: 13 * time.Second,
			Truth: []stage.Truth{{Cause: "g-noisy-member", Member: stage.MemberName(2), Also: []string{"d-timeout-below-latency"}}},
			Open:  true, Play: noisyMemberPlay,
		},
		{
			Name: "killed-for-memory", Story: "a large request makes the system kill the process, which is started again",
			Lasts: 7 * time.Second,
			Truth: []stage.Truth{{Cause: "g-oom-kill", Also: []string{"c-restart"}}}, Open: true, Play: killedForMemory,
		},
		{
			Name: "retry-storm", Story: "clients ask again at once when they meet an error, after a short dip of the members",
			Lasts: 8 * time.Second, Slow: true,
			Truth: []stage.Truth{{Cause: "g-retry-storm", Also: []string{"k-backend-5xx", "g-shed-503", "g-cpu-queueing"}}}, Open: true,
			Known: "the gateway does not know which requests are repetitions", Play: retryStorm,
		},
		{
			Name: "slow-ones-pile-up", Story: "turns fall so that the slow requests all come to one of two members with few workers",
			Lasts: 10 * time.Second, Slow: true,
			Truth: []stage.Truth{{Cause: "g-head-of-line-member", Also: []string{
				"g-noisy-member", "d-timeout-below-latency",
				"d-slow-route",
			}}}, Open: true,
			Play: slowOnesPileUp,
		},
	}
}

// queueingPlay steps between half of what the worker can do and far more.
func queueingPlay(s *stage.Stage) {
	each := s.Vary(10*time.Millisecond, 13*time.Millisecond)
	peer := s.Peer(peers.Script{
		Workers: 1,
		Reply:   peers.Reply{After: peers.Between(each*3/4, each*5/4), Body: 100},
		Paths:   map[string]peers.Reply{"/health": {}},
	})
	s.Web(stage.Pool{Members: stage.Members(peer.Addr()), RequestTimeout: 1})
	s.Fire(60, steps(s, stage.TimedRequest{Method: http.MethodPost, Path: "/a", Body: 50}),
		steps(s, stage.TimedRequest{Method: http.MethodPost, Path: "/b", Body: 50}))
}

// steps is little traffic with bouts of much.
func steps(s *stage.Stage, like stage.TimedRequest) []stage.TimedRequest {
	out := s.Flow(8, 12*time.Second, like)
	for _, from := range []time.Duration{2 * time.Second, 5500 * time.Millisecond, 9 * time.Second} {
		for _, shot := range s.Flow(68, 1500*time.Millisecond, like) {
			shot.At += from
			out = append(out, shot)
		}
	}
	return out
}

func workerPool(s *stage.Stage) {
	peer := s.Peer(peers.Script{
		Workers: 4, Reply: peers.Reply{After: peers.Always(5 * time.Millisecond), Body: 100},
		Paths: map[string]peers.Reply{"/health": {}, "/import": {
			After: peers.Between(700*time.Millisecond, 900*time.Millisecond),
			Body:  50,
		}},
	})
	s.Web(stage.Pool{Members: stage.Members(peer.Addr()), RequestTimeout: 1})
	bouts := stage.Shots(stage.Bursts(s.Rand, []time.Duration{2 * time.Second, 5 * time.Second}, 12, 600*time.Millisecond),
		stage.TimedRequest{
			Method: http.MethodPost,
			Path:   "/import",
			Body:   50,
		})
	s.Fire(30, s.Flow(30, 8*time.Second, order), bouts)
}

func shedding503(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{
		Shed:  4 + s.IntN(3),
		Reply: peers.Reply{After: peers.Between(60*time.Millisecond, 100*time.Millisecond), Body: 100},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(60, steps(s, stage.TimedRequest{Method: http.MethodPost, Path: "/a", Body: 50}), steps(s, stage.TimedRequest{Path: "/b"}),
		steps(s, stage.TimedRequest{Path: "/c"}))
}

func noisyMemberPlay(s *stage.Stage) {
	health := map[string]peers.Reply{"/health": {}}
	good := s.Peers(3, peers.Script{
		Reply: peers.Reply{After: peers.Between(30*time.Millisecond, 60*time.Millisecond), Body: 100},
		Paths: health,
	})
	bad := s.Peer(peers.Script{
		Reply: peers.Reply{After: lognormal(s.Vary(500*time.Millisecond, 650*time.Millisecond), 0.5), Body: 100},
		Paths: health,
	})
	s.Web(stage.Pool{Members: stage.Members(good[0].Addr(), good[1].Addr(), bad.Addr(), good[2].Addr()), RequestTimeout: 1})
	s.Fire(30, bouts(s, 7, 40, order))
}

// bouts are groups of requests that are far enough apart to be moments of their own.
func bouts(s *stage.Stage, n, size int, like stage.TimedRequest) []stage.TimedRequest {
	var starts []time.Duration
	for i := range n {
		starts = append(starts, time.Duration(i)*1700*time.Millisecond)
	}
	return stage.Shots(stage.Bursts(s.Rand, starts, size, 150*time.Millisecond), like)
}

func killedForMemory(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{
		Reply: peers.Reply{After: peers.Between(100*time.Millisecond, 300*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	for _, at := range []time.Duration{s.Vary(1500*time.Millisecond, 1900*time.Millisecond), s.Vary(4*time.Second, 4400*time.Millisecond)} {
		s.After(at, peers[0].Kill)
		s.After(at+s.Vary(600*time.Millisecond, time.Second), func() { s.Must(peers[0].Restart()) })
	}
	s.Fire(20, s.Flow(60, 6*time.Second, order))
}

func retryStorm(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{
		Shed:  3,
		Reply: peers.Reply{After: peers.Between(60*time.Millisecond, 100*time.Millisecond), Body: 100},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	load := s.Flow(30, 7*time.Second, order)
	for _, shot := range s.Flow(60, 5*time.Second, order) {
		shot.At += s.Vary(2*time.Second, 2100*time.Millisecond)
		load = append(load, shot)
	}
	s.Fire(30, load)
}

func slowOnesPileUp(s *stage.Stage) {
	slow := peers.Reply{After: peers.Between(700*time.Millisecond, 900*time.Millisecond), Body: 100}
	peers := s.Peers(2, peers.Script{
		Workers: 3,
		Reply:   peers.Reply{After: peers.Always(5 * time.Millisecond), Body: 100},
		Paths:   map[string]peers.Reply{"/health": {}, "/heavy": slow},
	})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 1})
	var shots []stage.TimedRequest
	for bout := range 5 {
		at := time.Duration(bout) * 1700 * time.Millisecond
		for range 7 {
			shots = append(shots, stage.TimedRequest{
				At:     at,
				Method: http.MethodPost,
				Path:   "/heavy",
				Body:   50,
			}, stage.TimedRequest{At: at + 50*time.Millisecond, Method: http.MethodPost, Path: "/quick", Body: 50})
			at += s.Vary(100*time.Millisecond, 130*time.Millisecond)
		}
	}
	s.Fire(30, shots)
}
