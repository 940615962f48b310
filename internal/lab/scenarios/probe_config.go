package scenarios

import (
	"net"
	"net/http"
	"strconv"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// moreProbeScenarios are probes that ask wrongly, and probes that are content for the wrong reason.
func moreProbeScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "probe-host", Story: "the server knows one site only, and the probe asks for none that it knows", Lasts: 3 * time.Second,
			Truth: []stage.Truth{{
				Cause: "a-probe-host-mismatch",
				Also:  []string{"a-probe-status-mismatch", "a-all-unhealthy-fail-closed"},
			}}, Open: true, Play: probeHost,
		},
		{
			Name: "probe-port", Story: "the probe asks a port of its own, whose sidecar is gone; the application is well",
			Lasts: 3 * time.Second,
			Truth: []stage.Truth{{Cause: "a-probe-port", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: probePort,
		},
		{
			Name: "probe-timeout", Story: "the health page needs longer than the probe waits", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "a-probe-timeout-short", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: probeTimeout,
		},
		{
			Name: "green-probe", Story: "the health page is a static file; what users ask for needs a dependency that is dead",
			Lasts: 7 * time.Second,
			Truth: []stage.Truth{{Cause: "a-green-probe-red-traffic", Also: []string{"k-backend-5xx"}}}, Play: greenProbe,
		},
		{
			Name: "probe-redirect", Story: "the probe takes the redirect to a login page for health; the application is broken",
			Lasts: 7 * time.Second,
			Truth: []stage.Truth{{Cause: "a-probe-redirect-trap", Also: []string{"k-backend-5xx", "a-green-probe-red-traffic"}}},
			Play:  probeRedirect,
		},
		{
			Name: "probe-too-deep", Story: "the health page asks a shared dependency, whose hiccup takes every member out at once",
			Lasts: 9 * time.Second, Slow: true,
			Truth: []stage.Truth{{Cause: "a-probe-too-deep", Also: []string{"a-probe-status-mismatch", "a-all-unhealthy-fail-closed"}}},
			Play:  probeTooDeep,
		},
		{
			Name: "probe-blocked", Story: "a rate limiter in front of the members refuses the probes", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "a-probe-blocked", Also: []string{"a-probe-status-mismatch", "a-all-unhealthy-fail-closed"}}},
			Open:  true, Play: probeBlocked,
		},
		{
			Name: "flapping", Story: "marginal members fail every other probe, and one failure is enough", Lasts: 18 * time.Second,
			Slow:  true,
			Truth: []stage.Truth{{Cause: "a-flap-threshold", Also: []string{"a-probe-status-mismatch", "a-all-unhealthy-fail-closed"}}},
			Open:  true, Play: flapping,
		},
		{
			Name: "fast-readmit", Story: "a member comes back healthy at once and fails requests until it is warm", Lasts: 15 * time.Second,
			Slow: true,
			Truth: []stage.Truth{{Cause: "a-fast-readmit", Member: stage.MemberName(0), Also: []string{
				"c-restart", "a-slow-eviction",
				"k-backend-5xx",
			}}}, Play: fastReadmit,
		},
		{
			Name: "not-ready-yet", Story: "a member is added before its application can answer", Lasts: 11 * time.Second,
			Truth: []stage.Truth{{Cause: "a-not-ready-yet", Also: []string{"k-backend-5xx"}}}, Play: notReadyYet,
		},
	}
}

func probeHost(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{Host: siteHost, Reply: peers.Reply{Body: 200}})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/", Host: siteHost}))
}

func probePort(s *stage.Stage) {
	peer := s.Peer(peers.Script{Reply: peers.Reply{Body: 200}})
	sidecar := s.PeerAt(hostOf(peer.Addr()), peers.Script{})
	sidecar.Kill()
	probe := stage.QuickProbe()
	probe.Port = portOf(sidecar.Addr())
	s.Web(stage.Pool{Members: []stage.Member{{Name: hostOf(peer.Addr())}}, Port: portOf(peer.Addr()), Probe: probe})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

// portOf is the port of an address.
func portOf(addr string) int {
	_, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return n
}

func hostOf(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	return host
}

// plainToTLSText is what servers answer that meet plain HTTP on their TLS port.
const plainToTLSText = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: 52\r\n\r\nThe plain HTTP request was sent to a HTTPS port.    "

func probeTimeout(s *stage.Stage) {
	slow := s.Vary(1300*time.Millisecond, 2*time.Second)
	peers := s.Peers(2, peers.Script{Reply: peers.Reply{Body: 200}, Paths: map[string]peers.Reply{"/health": {After: peers.Always(slow)}}})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

func greenProbe(s *stage.Stage) {
	status := []int{500, 502, 503}[s.IntN(3)]
	broken := peers.Reply{After: peers.Between(10*time.Millisecond, 60*time.Millisecond), Status: status, Text: "no database\n"}
	peers := s.Peers(2, peers.Script{Reply: broken, Paths: map[string]peers.Reply{"/health": {}}})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(4, s.Flow(40, 5500*time.Millisecond, stage.TimedRequest{Path: "/"}))
}

func probeRedirect(s *stage.Stage) {
	login := peers.Reply{Status: http.StatusFound, Header: http.Header{"Location": {"/login"}}}
	broken := peers.Reply{After: peers.Between(10*time.Millisecond, 60*time.Millisecond), Status: 500, Text: "exception\n"}
	peers := s.Peers(2, peers.Script{Reply: broken, Paths: map[string]peers.Reply{"/health": login}})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(4, s.Flow(40, 5500*time.Millisecond, stage.TimedRequest{Path: "/"}))
}

func probeTooDeep(s *stage.Stage) {
	well := ordinary(map[string]peers.Reply{"/health": {}})
	ill := ordinary(map[string]peers.Reply{"/health": {Status: 503}})
	peers := s.Peers(3, well)
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	from := s.Vary(1200*time.Millisecond, 2*time.Second)
	s.After(from, func() { rewrite(peers, ill) })
	s.After(from+s.Vary(4*time.Second, 4500*time.Millisecond), func() { rewrite(peers, well) })
	s.Fire(6, s.Flow(40, 8*time.Second, stage.TimedRequest{Path: "/"}))
}

func rewrite(peers []*peers.Peer, script peers.Script) {
	for _, p := range peers {
		p.Rewrite(script)
	}
}

func flapping(s *stage.Stage) {
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/health": {Status: 503, Odds: s.Float64()*0.2 + 0.45}}))
	probe := stage.QuickProbe()
	probe.Threshold = 1
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), Probe: probe})
	s.Fire(6, s.Flow(40, 17*time.Second, stage.TimedRequest{Path: "/"}))
}

func probeBlocked(s *stage.Stage) {
	status := []int{403, 429}[s.IntN(2)]
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/health": {Status: status, Text: "too many requests\n"}}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

func fastReadmit(s *stage.Stage) {
	warm := ordinary(map[string]peers.Reply{"/health": {}})
	cold := warm
	cold.Reply.Status, cold.Reply.Text = 503, "warming up\n"
	peers := s.Peers(2, warm)
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.After(s.Vary(500*time.Millisecond, 900*time.Millisecond), peers[0].Kill)
	s.After(8*time.Second, func() { peers[0].Rewrite(cold); s.Must(peers[0].Restart()) })
	s.After(11*time.Second, func() { peers[0].Rewrite(warm) })
	s.Fire(6, s.Flow(40, 14*time.Second, stage.TimedRequest{Path: "/"}))
}

func notReadyYet(s *stage.Stage) {
	warm := ordinary(map[string]peers.Reply{"/health": {}})
	cold := warm
	cold.Reply.Status, cold.Reply.Text = 503, "starting\n"
	peers := s.Peers(2, warm)
	late := s.Peer(cold)
	pool := stage.Pool{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}
	s.Open(stage.Site{Pools: []stage.Pool{pool}})
	pool.Members = stage.Members(peers[0].Addr(), peers[1].Addr(), late.Addr())
	s.After(s.Vary(4200*time.Millisecond, 4800*time.Millisecond), func() { s.Apply(stage.Site{Pools: []stage.Pool{pool}}) })
	s.After(7*time.Second, func() { late.Rewrite(warm) })
	s.Fire(6, s.Flow(40, 10*time.Second, stage.TimedRequest{Path: "/"}))
}
