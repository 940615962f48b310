package lab

import (
	"net/http"
	"time"
)

// tlsScenarios are certificates that the gateway refuses.
func tlsScenarios() []Scenario {
	return []Scenario{
		{
			Name: "cert-expired", Story: "the members' certificate runs out under traffic", Lasts: 8 * time.Second,
			Truth: []Truth{{Cause: "f-expired", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: certExpired,
		},
		{
			Name: "cert-name", Story: "the members' certificate is for another name than the one asked for", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "f-name-mismatch", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: certName,
		},
	}
}

const siteHost = "shop.lab.example"

// certExpired lets connections live for one request each, so that every request meets the certificate.
func certExpired(s *Stage) {
	ca := s.authority()
	until := time.Now().Add(s.Vary(2500*time.Millisecond, 3200*time.Millisecond))
	script := Script{TLS: s.certificate(ca, siteHost, until), Reply: Reply{Body: 200, Header: closing}}
	peers := s.Peers(2, script)
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe(), TLS: true, Host: siteHost, Root: ca.der}}})
	s.Fire(6, s.Flow(30, 7*time.Second, Shot{Path: "/"}))
}

func certName(s *Stage) {
	ca := s.authority()
	script := Script{TLS: s.certificate(ca, "internal.lab.example", time.Now().Add(time.Hour)), Reply: Reply{Body: 200}}
	peers := s.Peers(2, script)
	s.Open(Site{Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe(), TLS: true, Host: siteHost, Root: ca.der}}})
	s.Fire(6, s.Flow(40, 2*time.Second, Shot{Path: "/"}))
}

// closing makes an answer the last of its connection.
var closing = http.Header{"Connection": {"close"}}
