package lab

import (
	"net/url"
	"strings"
	"time"
)

// wireScenarios are answers that are no valid HTTP, or not asked for.
func wireScenarios() []Scenario {
	return []Scenario{
		{
			Name: "status-line", Story: "a script of the application answers without a valid status line", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "e-status-line", Also: []string{"e-bad-header"}}}, Open: true, play: statusLine,
		},
		{
			Name: "bad-header", Story: "the application puts a header into its answer that no parser takes", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "e-bad-header"}}, play: badHeader,
		},
		{
			Name: "two-lengths", Story: "the answer has Content-Length and Transfer-Encoding at once", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "e-cl-te"}}, play: twoLengths,
		},
		{
			Name: "bad-chunk", Story: "the chunked framing of an answer is broken in the middle", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "e-bad-chunk"}}, play: badChunkPlay,
		},
		{
			Name: "plain-to-tls", Story: "the backend settings say Http for a port that speaks TLS", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "e-plain-to-tls", Also: []string{"a-probe-status-mismatch", "a-all-unhealthy-fail-closed"}}}, play: plainToTLS,
		},
		{
			Name: "tls-to-plain", Story: "the backend settings say Https for a port that speaks plain HTTP", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "e-tls-to-plain", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: tlsToPlain,
		},
		{
			Name: "tls-to-plain-traffic", Story: "the same under traffic, with a health page on a port of its own", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "e-tls-to-plain"}}, play: tlsToPlainTraffic,
		},
		{
			Name: "interim", Story: "the application answers 101 to a request that asked for no upgrade", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "e-interim", Also: []string{"e-bad-header"}}}, Open: true, play: interim,
		},
		{
			Name: "foreign-service", Story: "a mail server listens on the members' port", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "e-foreign-service", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: foreignService,
		},
		{
			Name: "uri-rejected", Story: "the server ends the connection on addresses that it does not take", Lasts: 5 * time.Second,
			Truth: []Truth{{Cause: "e-uri-rejected", Also: []string{"g-crash-on-input"}}}, Open: true, play: uriRejected,
		},
	}
}

// wire makes one path answer some bytes, beside ordinary traffic.
func wire(s *Stage, raw string) {
	bad := Reply{After: Between(5*time.Millisecond, 40*time.Millisecond), Raw: raw, End: Close, EndAt: 1 << 20}
	peers := s.Peers(2, ordinary(map[string]Reply{"/legacy": bad}))
	s.Web(Pool{Members: members(addrs(peers)...)})
	s.Fire(6, s.Flow(40, 3*time.Second, Shot{Path: "/"}), s.Flow(7, 3*time.Second, Shot{Path: "/legacy"}))
}

func statusLine(s *Stage) {
	wire(s, []string{
		"Content-Type: text/html\r\n\r\n<p>hello</p>", "200 OK\r\nContent-Length: 2\r\n\r\nok", "<?php\r\nWarning: headers already sent\r\n\r\n",
	}[s.IntN(3)])
}

func badHeader(s *Stage) {
	wire(s, []string{
		"HTTP/1.1 200 OK\r\nX-Bad Header: 1\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nX-User: a\x00b\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 2\r\n\r\nok",
	}[s.IntN(3)])
}

func twoLengths(s *Stage) {
	wire(s, []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
	}[s.IntN(2)])
}

func badChunkPlay(s *Stage) {
	wire(s, []string{
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nworld\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello world\r\n0\r\n\r\n",
	}[s.IntN(2)])
}

// plainToTLS has servers that say what is wrong, as nginx and others do.
func plainToTLS(s *Stage) {
	peers := s.Peers(2, Script{Reply: Reply{Raw: plainToTLSText, End: Close, EndAt: 1 << 20}})
	s.Web(Pool{Members: members(addrs(peers)...)})
	s.Fire(4, s.Flow(40, 2*time.Second, Shot{Path: "/"}))
}

func tlsToPlain(s *Stage) {
	peers := s.Peers(2, Script{Banner: "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"})
	s.Web(Pool{Members: members(addrs(peers)...), TLS: true, Host: siteHost})
	s.Fire(4, s.Flow(40, 2*time.Second, Shot{Path: "/"}))
}

func tlsToPlainTraffic(s *Stage) {
	besideHealth(s, Script{Banner: "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"}, s.authority(), 0)
}

func interim(s *Stage) {
	wire(s, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello")
}

func foreignService(s *Stage) {
	banner := []string{"220 mail.lab.example ESMTP ready\r\n", "SSH-2.0-OpenSSH_9.9\r\n", "-ERR unknown command\r\n"}[s.IntN(3)]
	peers := s.Peers(2, Script{Banner: banner})
	s.Web(Pool{Members: members(addrs(peers)...)})
	s.Fire(4, s.Flow(40, 2*time.Second, Shot{Path: "/"}))
}

func uriRejected(s *Stage) {
	odd := [][]string{{"/a|b", "/maps/x|y", "/search{1}"}, {"/files/a%2Fb", "/docs/c%2Fd%2Fe", "/f%2fg"}, {"/shop;v=1", "/cart;v=2/items"}}[s.IntN(3)]
	refusals, load := map[string]Reply{}, s.Flow(40, 4*time.Second, Shot{Path: "/"})
	for _, path := range odd {
		name, err := url.PathUnescape(path)
		s.must(err)
		refusals[name] = Reply{End: Close}
		load = append(load, s.Flow(3, 4*time.Second, Shot{Raw: "GET " + path + " HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"})...)
	}
	peers := s.Peers(2, ordinary(refusals))
	s.Web(Pool{Members: members(addrs(peers)...)})
	s.Fire(6, load)
}

// repeated is a long value of a header.
func repeated(n int) string { return strings.Repeat("a", n) }
