package scenarios

import (
	"net/http"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// tlsScenarios are certificates that the gateway refuses.
func tlsScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "cert-expired", Story: "the members' certificate runs out under traffic", Lasts: 8 * time.Second,
			Truth: []stage.Truth{{Cause: "f-expired", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: certExpired,
		},
		{
			Name: "cert-name", Story: "the members' certificate is for another name than the one asked for", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "f-name-mismatch", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: certName,
		},
	}
}

const siteHost = "shop.lab.example"

// certExpired lets connections live for one request each, so that every request meets the certificate.
func certExpired(s *stage.Stage) {
	ca := s.Authority()
	until := time.Now().Add(s.Vary(2500*time.Millisecond, 3200*time.Millisecond))
	script := peers.Script{TLS: s.Certificate(ca, siteHost, until), Reply: peers.Reply{Body: 200, Header: closing}}
	peers := s.Peers(2, script)
	s.Open(stage.Site{Pools: []stage.Pool{{
		Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe(), TLS: true,
		Host: siteHost, Root: ca.Der,
	}}})
	s.Fire(6, s.Flow(30, 7*time.Second, stage.TimedRequest{Path: "/"}))
}

func certName(s *stage.Stage) {
	ca := s.Authority()
	script := peers.Script{TLS: s.Certificate(ca, "internal.lab.example", time.Now().Add(time.Hour)), Reply: peers.Reply{Body: 200}}
	peers := s.Peers(2, script)
	s.Open(stage.Site{Pools: []stage.Pool{{
		Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe(), TLS: true,
		Host: siteHost, Root: ca.Der,
	}}})
	s.Fire(6, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

// closing makes an answer the last of its connection.
var closing = http.Header{"Connection": {"close"}}
