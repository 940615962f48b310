package scenarios

import (
	"net/url"
	"strings"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// wireScenarios are answers that are no valid HTTP, or not asked for.
func wireScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "status-line", Story: "a script of the application answers without a valid status line", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "e-status-line", Also: []string{"e-bad-header"}}}, Open: true, Play: statusLine,
		},
		{
			Name: "bad-header", Story: "the application puts a header into its answer that no parser takes", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "e-bad-header"}}, Play: badHeader,
		},
		{
			Name: "two-lengths", Story: "the answer has Content-Length and Transfer-Encoding at once", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "e-cl-te"}}, Play: twoLengths,
		},
		{
			Name: "bad-chunk", Story: "the chunked framing of an answer is broken in the middle", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "e-bad-chunk"}}, Play: badChunkPlay,
		},
		{
			Name: "plain-to-tls", Story: "the backend settings say Http for a port that speaks TLS", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "e-plain-to-tls", Also: []string{"a-probe-status-mismatch", "a-all-unhealthy-fail-closed"}}},
			Play:  plainToTLS,
		},
		{
			Name: "tls-to-plain", Story: "the backend settings say Https for a port that speaks plain HTTP", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "e-tls-to-plain", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: tlsToPlain,
		},
		{
			Name: "tls-to-plain-traffic", Story: "the same under traffic, with a health page on a port of its own", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "e-tls-to-plain"}}, Play: tlsToPlainTraffic,
		},
		{
			Name: "interim", Story: "the application answers 101 to a request that asked for no upgrade", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "e-interim", Also: []string{"e-bad-header"}}}, Open: true, Play: interim,
		},
		{
			Name: "foreign-service", Story: "a mail server listens on the members' port", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "e-foreign-service", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: foreignService,
		},
		{
			Name: "uri-rejected", Story: "the server ends the connection on addresses that it does not take", Lasts: 5 * time.Second,
			Truth: []stage.Truth{{Cause: "e-uri-rejected", Also: []string{"g-crash-on-input"}}}, Open: true, Play: uriRejected,
		},
	}
}

// wire makes one path answer some bytes, beside ordinary traffic.
func wire(s *stage.Stage, raw string) {
	bad := peers.Reply{After: peers.Between(5*time.Millisecond, 40*time.Millisecond), Raw: raw, End: peers.Close, EndAt: 1 << 20}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/legacy": bad}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(6, s.Flow(40, 3*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(7, 3*time.Second, stage.TimedRequest{Path: "/legacy"}))
}

func statusLine(s *stage.Stage) {
	wire(s, []string{
		"Content-Type: text/html\r\n\r\n<p>hello</p>", "200 OK\r\nContent-Length: 2\r\n\r\nok",
		"<?php\r\nWarning: headers already sent\r\n\r\n",
	}[s.IntN(3)])
}

func badHeader(s *stage.Stage) {
	wire(s, []string{
		"HTTP/1.1 200 OK\r\nX-Bad Header: 1\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nX-User: a\x00b\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 2\r\n\r\nok",
	}[s.IntN(3)])
}

func twoLengths(s *stage.Stage) {
	wire(s, []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
	}[s.IntN(2)])
}

func badChunkPlay(s *stage.Stage) {
	wire(s, []string{
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nworld\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello world\r\n0\r\n\r\n",
	}[s.IntN(2)])
}

// plainToTLS has servers that say what is wrong, as nginx and others do.
func plainToTLS(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{Reply: peers.Reply{Raw: plainToTLSText, End: peers.Close, EndAt: 1 << 20}})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

func tlsToPlain(s *stage.Stage) {
	peers := s.Peers(2, peers.Script{Banner: "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), TLS: true, Host: siteHost})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

func tlsToPlainTraffic(s *stage.Stage) {
	besideHealth(s, peers.Script{Banner: "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"}, s.Authority(), 0)
}

func interim(s *stage.Stage) {
	wire(s, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello")
}

func foreignService(s *stage.Stage) {
	banner := []string{"220 mail.lab.example ESMTP ready\r\n", "SSH-2.0-OpenSSH_9.9\r\n", "-ERR unknown command\r\n"}[s.IntN(3)]
	peers := s.Peers(2, peers.Script{Banner: banner})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

func uriRejected(s *stage.Stage) {
	odd := [][]string{
		{"/a|b", "/maps/x|y", "/search{1}"},
		{"/files/a%2Fb", "/docs/c%2Fd%2Fe", "/f%2fg"},
		{"/shop;v=1", "/cart;v=2/items"},
	}[s.IntN(3)]
	refusals, load := map[string]peers.Reply{}, s.Flow(40, 4*time.Second, stage.TimedRequest{Path: "/"})
	for _, path := range odd {
		name, err := url.PathUnescape(path)
		s.Must(err)
		refusals[name] = peers.Reply{End: peers.Close}
		load = append(load, s.Flow(3, 4*time.Second,
			stage.TimedRequest{Raw: "GET " + path + " HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"})...)
	}
	peers := s.Peers(2, ordinary(refusals))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(6, load)
}

// repeated is a long value of a header.
func repeated(n int) string { return strings.Repeat("a", n) }
