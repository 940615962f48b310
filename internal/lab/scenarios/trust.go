package scenarios

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// trustScenarios are handshakes that fail, and certificates that are refused.
func trustScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "unknown-ca", Story: "the members' certificate is of a CA that the gateway was not told of", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "f-unknown-ca", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: unknownCA,
		},
		{
			Name: "missing-intermediate", Story: "the members send their certificate without the one between it and the root",
			Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "f-missing-intermediate", Also: []string{"a-all-unhealthy-fail-closed"}}},
			Play:  missingIntermediate,
		},
		{
			Name: "not-yet-valid", Story: "the members' new certificate is not valid yet", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "f-not-yet-valid", Also: []string{"f-expired", "f-clock-skew", "a-all-unhealthy-fail-closed"}}},
			Play:  notYetValid,
		},
		{
			Name: "partial-rotation", Story: "one of three members still has the old certificate when it runs out", Lasts: 12 * time.Second,
			Truth: []stage.Truth{{Cause: "f-partial-rotation", Also: []string{"f-expired"}}}, Open: true, Play: partialRotation,
		},
		{
			Name: "client-certificate", Story: "the members demand a certificate of the gateway, which has none", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "f-client-cert", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: clientCertificate,
		},
		{
			Name: "client-certificate-traffic", Story: "the same, with a health page on a port of its own", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "f-client-cert"}}, Play: clientCertificateTraffic,
		},
		{
			Name: "tls-version", Story: "the members speak only a version of TLS that the gateway no longer does", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "f-version", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: tlsVersion,
		},
		{
			Name: "tls-cipher", Story: "members and gateway share no cipher suite", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "f-cipher", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: tlsCipher,
		},
		{
			Name: "server-name", Story: "the members refuse a handshake that does not name a site that they know", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "f-sni-required", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: serverName,
		},
		{
			Name: "handshake-hangs", Story: "a member accepts connections and never answers in the handshake", Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "f-handshake-timeout"}}, Play: handshakeHangs,
		},
		{
			Name: "key-usage", Story: "the members' certificate is made for clients", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "f-key-usage", Also: []string{"a-all-unhealthy-fail-closed"}}}, Play: keyUsage,
		},
	}
}

// trusted are members that speak TLS, with their probe on the same port.
func trusted(s *stage.Stage, config *tls.Config, root *peers.Authority) {
	peers := s.Peers(2, peers.Script{TLS: config, Reply: peers.Reply{Body: 200}})
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), TLS: true, Host: siteHost, Root: root.Der})
	s.Fire(4, s.Flow(40, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

func unknownCA(s *stage.Stage) {
	theirs, ours := s.Authority(), s.Authority()
	trusted(s, s.Certificate(theirs, siteHost, time.Now().Add(time.Hour)), ours)
}

func missingIntermediate(s *stage.Stage) {
	root := s.Authority()
	if s.Err != nil {
		return
	}
	between, err := root.Intermediate()
	if err != nil {
		s.Fail(err)
		return
	}
	config := s.Certificate(between, siteHost, time.Now().Add(time.Hour))
	config.Certificates[0].Certificate = config.Certificates[0].Certificate[:1]
	trusted(s, config, root)
}

func notYetValid(s *stage.Stage) {
	ca := s.Authority()
	from := time.Now().Add(s.Vary(10*time.Minute, time.Hour))
	trusted(s, s.Certificate(ca, siteHost, from.Add(24*time.Hour), func(c *x509.Certificate) { c.NotBefore = from }), ca)
}

func partialRotation(s *stage.Stage) {
	ca := s.Authority()
	until := time.Now().Add(s.Vary(2200*time.Millisecond, 2800*time.Millisecond))
	renewed, old := ordinary(nil), ordinary(nil)
	renewed.Reply.Header = closing
	old.Reply.Header = closing
	renewed.TLS, old.TLS = s.Certificate(ca, siteHost, until.Add(time.Hour)), s.Certificate(ca, siteHost, until)
	peers := append(s.Peers(2, renewed), s.Peer(old))
	probe := stage.QuickProbe()
	probe.Interval = 2
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...), TLS: true, Host: siteHost, Root: ca.Der, Probe: probe})
	s.Fire(6, s.Flow(40, 11*time.Second, stage.TimedRequest{Path: "/"}))
}

func clientCertificate(s *stage.Stage) {
	ca := s.Authority()
	config := s.Certificate(ca, siteHost, time.Now().Add(time.Hour))
	config.ClientAuth = tls.RequireAnyClientCert
	trusted(s, config, ca)
}

func clientCertificateTraffic(s *stage.Stage) {
	ca := s.Authority()
	config := s.Certificate(ca, siteHost, time.Now().Add(time.Hour))
	config.ClientAuth = tls.RequireAnyClientCert
	if s.IntN(2) == 0 {
		config.MaxVersion = tls.VersionTLS12
	}
	besideHealth(s, peers.Script{TLS: config, Reply: peers.Reply{Body: 200}}, ca, 0)
}

// besideHealth is a member whose health page is on a port of its own and works, so that only users meet the rest.
func besideHealth(s *stage.Stage, script peers.Script, root *peers.Authority, connect time.Duration) {
	peer := s.Peer(script)
	health := s.PeerAt(hostOf(peer.Addr()), peers.Script{TLS: s.Certificate(root, siteHost, time.Now().Add(time.Hour))})
	probe := stage.QuickProbe()
	probe.Port = portOf(health.Addr())
	s.Open(stage.Site{ConnectTimeout: connect, Pools: []stage.Pool{{
		Name: "web", Members: []stage.Member{{Name: hostOf(peer.Addr())}}, Port: portOf(peer.Addr()), TLS: true, Host: siteHost,
		Root: root.Der, Probe: probe,
	}}})
	s.Fire(4, s.Flow(20, 2*time.Second, stage.TimedRequest{Path: "/"}))
}

func tlsVersion(s *stage.Stage) {
	ca := s.Authority()
	config := s.Certificate(ca, siteHost, time.Now().Add(time.Hour))
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	trusted(s, config, ca)
}

// tlsCipher has members that know only suites that need an RSA certificate, which they do not have.
func tlsCipher(s *stage.Stage) {
	ca := s.Authority()
	config := s.Certificate(ca, siteHost, time.Now().Add(time.Hour))
	config.MaxVersion = tls.VersionTLS12
	config.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	trusted(s, config, ca)
}

func serverName(s *stage.Stage) {
	ca := s.Authority()
	config := s.Certificate(ca, "other.lab.example", time.Now().Add(time.Hour))
	known := config.Certificates[0]
	config.Certificates = nil
	config.GetCertificate = func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if h.ServerName == "other.lab.example" {
			return &known, nil
		}
		return nil, nil // which ends the handshake with the alert unrecognized_name
	}
	trusted(s, config, ca)
}

func handshakeHangs(s *stage.Stage) {
	besideHealth(s, peers.Script{Mute: true}, s.Authority(), time.Second)
}

func keyUsage(s *stage.Stage) {
	ca := s.Authority()
	trusted(s, s.Certificate(ca, siteHost, time.Now().Add(time.Hour), func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}), ca)
}
