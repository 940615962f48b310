package scenarios

import (
	"net/http"
	"strings"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// busyScenarios are healthy and unlike each other: nothing may be found in any.
func busyScenarios() []stage.Scenario {
	return []stage.Scenario{
		{Name: "bursts-but-fine", Story: "traffic comes in bursts, with silence between them", Lasts: 6 * time.Second, Play: burstsFine},
		{Name: "downloads-but-fine", Story: "large answers, which take their time", Lasts: 5 * time.Second, Play: downloadsFine},
		{
			Name: "streams-but-fine", Story: "chunked answers that pause again and again, each time for less than the timeout",
			Lasts: 7 * time.Second, Play: streamsFine,
		},
		{
			Name: "closing-but-fine", Story: "the members close every connection after its answer, and say so", Lasts: 5 * time.Second,
			Play: closingFine,
		},
		{
			Name: "announced-but-fine", Story: "the members announce their idle limit and keep to it", Lasts: 8 * time.Second,
			Play: announcedFine,
		},
		{
			Name: "slow-path-but-fine", Story: "one path is twenty times slower than the others, and far below the timeout",
			Lasts: 6 * time.Second, Play: slowPathFine,
		},
		{
			Name: "small-answers-but-fine", Story: "HEAD requests, 204 and 304 answers among ordinary ones", Lasts: 5 * time.Second,
			Play: smallAnswersFine,
		},
		{
			Name: "pipelining-but-fine", Story: "clients that send the next request before the answer to the last", Lasts: 5 * time.Second,
			Play: pipeliningFine,
		},
		{Name: "sizes-but-fine", Story: "requests and answers from nothing to a megabyte", Lasts: 5 * time.Second, Play: sizesFine},
		{
			Name: "applies-but-fine", Story: "the document is applied again and again under traffic", Lasts: 6 * time.Second,
			Play: appliesFine,
		},
		{
			Name: "retired-but-fine", Story: "a member is taken out of the pool, drains, and stops when it is idle", Lasts: 6 * time.Second,
			Play: retiredFine,
		},
		{
			Name: "uneven-but-fine", Story: "one of three members is slower than the others, and nobody has to wait too long",
			Lasts: 5 * time.Second, Play: unevenFine,
		},
		{
			Name: "not-found-but-fine", Story: "many users ask for pages that do not exist, and get 404", Lasts: 4 * time.Second,
			Play: notFoundFine,
		},
		{
			Name: "leftovers-but-fine", Story: "a member sends more than it declared; the gateway leaves such a connection alone",
			Lasts: 5 * time.Second, Play: leftoversFine,
		},
		{
			Name: "early-answer-but-fine", Story: "the application refuses large uploads before it has read them, and its answer gets through",
			Lasts: 5 * time.Second, Play: earlyAnswerFine,
		},
	}
}

func burstsFine(s *stage.Stage) {
	peers := s.Peers(3, ordinary(nil))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	var starts []time.Duration
	for at := time.Duration(0); at < 5*time.Second; at += s.Vary(600*time.Millisecond, 1400*time.Millisecond) {
		starts = append(starts, at)
	}
	s.Fire(20, stage.Shots(stage.Bursts(s.Rand, starts, 60, 150*time.Millisecond), order))
}

func downloadsFine(s *stage.Stage) {
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/file": {
		After: peers.Between(5*time.Millisecond, 40*time.Millisecond),
		Body:  2_000_000, EndAt: 1_000_000, Rest: 700 * time.Millisecond,
	}}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 5})
	s.Fire(10, s.Flow(40, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(6, 4*time.Second, stage.TimedRequest{Path: "/file"}))
}

func streamsFine(s *stage.Stage) {
	events := peers.Reply{
		After:   peers.Between(5*time.Millisecond, 20*time.Millisecond),
		Text:    strings.Repeat("data: tick\n\n", 30),
		Chunked: true,
		EndAt:   200,
		Rest:    s.Vary(time.Second, 2*time.Second),
	}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/events": events}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 6})
	s.Fire(10, s.Flow(40, 5*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(8, 4*time.Second, stage.TimedRequest{Path: "/events"}))
}

func closingFine(s *stage.Stage) {
	script := ordinary(nil)
	script.Reply.Header = closing
	peers := s.Peers(2, script)
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(20, s.Flow(80, 4*time.Second, order))
}

// announcedFine has pauses about as long as the limit, which the gateway keeps clear of because the server announces it.
func announcedFine(s *stage.Stage) {
	script := ordinary(nil)
	script.Idle, script.Announce = 2*time.Second, 2*time.Second
	peers := s.Peers(2, script)
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	var starts []time.Duration
	for at := time.Duration(0); at < 7*time.Second; at += 2*time.Second + s.Vary(0, 300*time.Millisecond) {
		starts = append(starts, at)
	}
	s.Fire(20, stage.Shots(stage.Bursts(s.Rand, starts, 30, 200*time.Millisecond), order))
}

func slowPathFine(s *stage.Stage) {
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/report": {
		After: peers.Between(400*time.Millisecond, 900*time.Millisecond),
		Body:  2000,
	}}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 5})
	s.Fire(20, s.Flow(60, 5*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(15, 5*time.Second, stage.TimedRequest{Path: "/report"}))
}

func smallAnswersFine(s *stage.Stage) {
	wait := peers.Between(2*time.Millisecond, 20*time.Millisecond)
	peers := s.Peers(2, ordinary(map[string]peers.Reply{
		"/ping":      {After: wait, Status: http.StatusNoContent},
		"/style.css": {After: wait, Status: http.StatusNotModified},
	}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(10, s.Flow(30, 4*time.Second, stage.TimedRequest{Path: "/"}),
		s.Flow(30, 4*time.Second, stage.TimedRequest{Method: http.MethodHead, Path: "/"}),
		s.Flow(30, 4*time.Second, stage.TimedRequest{Path: "/ping"}), s.Flow(30, 4*time.Second, stage.TimedRequest{Path: "/style.css"}))
}

func pipeliningFine(s *stage.Stage) {
	peers := s.Peers(2, ordinary(nil))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	two := "GET /a HTTP/1.1\r\nHost: {host}\r\n\r\nGET /b HTTP/1.1\r\nHost: {host}\r\n\r\nGET /c HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
	s.Fire(10, s.Flow(30, 4*time.Second, stage.TimedRequest{Path: "/"}),
		s.Flow(15, 4*time.Second, stage.TimedRequest{Raw: two, Answers: 3}))
}

func sizesFine(s *stage.Stage) {
	wait := peers.Between(2*time.Millisecond, 20*time.Millisecond)
	peers := s.Peers(2, ordinary(map[string]peers.Reply{
		"/0": {After: wait}, "/1": {After: wait, Body: 1},
		"/64k": {After: wait, Body: 65_536}, "/1m": {After: wait, Body: 1 << 20, Chunked: true},
	}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	var loads [][]stage.TimedRequest
	for _, path := range []string{"/0", "/1", "/64k", "/1m"} {
		for _, body := range []int{0, 1, 70_000, 1 << 20} {
			loads = append(loads, s.Flow(3, 4*time.Second, stage.TimedRequest{Method: http.MethodPost, Path: path, Body: body}))
		}
	}
	s.Fire(20, loads...)
}

func appliesFine(s *stage.Stage) {
	peers := s.Peers(3, peers.Script{
		Reply: peers.Reply{After: peers.Between(5*time.Millisecond, 300*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	pool := stage.Pool{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}
	s.Open(stage.Site{Pools: []stage.Pool{pool}})
	for i := range 5 {
		next := pool
		next.RequestTimeout = 10 + i
		s.After(time.Duration(i+1)*s.Vary(700*time.Millisecond, 900*time.Millisecond),
			func() { s.Apply(stage.Site{Pools: []stage.Pool{next}}) })
	}
	s.Fire(20, s.Flow(60, 5*time.Second, order))
}

func retiredFine(s *stage.Stage) {
	peers := s.Peers(3, peers.Script{
		Reply: peers.Reply{After: peers.Between(5*time.Millisecond, 300*time.Millisecond), Body: 200},
		Paths: map[string]peers.Reply{"/health": {}},
	})
	pool := stage.Pool{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}
	s.Open(stage.Site{Pools: []stage.Pool{pool}})
	at := s.Vary(1500*time.Millisecond, 2*time.Second)
	pool.Members = pool.Members[:2]
	s.After(at, func() { s.Apply(stage.Site{Pools: []stage.Pool{pool}}) })
	s.After(at+1500*time.Millisecond, peers[2].Retire)
	s.Fire(20, s.Flow(60, 5*time.Second, order))
}

func unevenFine(s *stage.Stage) {
	good, slow := ordinary(nil), ordinary(nil)
	slow.Reply.After = peers.Between(80*time.Millisecond, 250*time.Millisecond)
	slow.Paths = map[string]peers.Reply{"/health": {}}
	peers := append(s.Peers(2, good), s.Peer(slow))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), RequestTimeout: 2})
	s.Fire(20, s.Flow(60, 4*time.Second, order))
}

func notFoundFine(s *stage.Stage) {
	peers := s.Peers(2, ordinary(map[string]peers.Reply{
		"/old":   {Status: http.StatusNotFound, Text: "gone\n"},
		"/login": {Status: http.StatusUnauthorized, Text: "who are you\n"},
	}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(10, s.Flow(30, 3*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(20, 3*time.Second, stage.TimedRequest{Path: "/old"}),
		s.Flow(20, 3*time.Second, stage.TimedRequest{Path: "/login"}))
}

func leftoversFine(s *stage.Stage) {
	long := "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789and more than that"
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/legacy": {
		After: peers.Between(5*time.Millisecond, 40*time.Millisecond),
		Raw:   long,
	}}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(6, s.Flow(40, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(8, 4*time.Second, stage.TimedRequest{
		Method: http.MethodPost,
		Path:   "/legacy",
		Body:   100,
	}))
}

func earlyAnswerFine(s *stage.Stage) {
	refuse := peers.Reply{
		Read:   1000,
		Status: http.StatusRequestEntityTooLarge,
		Text:   "too large\n",
		Header: closing,
		End:    peers.Close,
		EndAt:  1 << 20,
	}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/upload": refuse}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(6, s.Flow(40, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(5, 4*time.Second, stage.TimedRequest{
		Method: http.MethodPost,
		Path:   "/upload",
		Body:   100_000 + s.IntN(100_000),
	}))
}
