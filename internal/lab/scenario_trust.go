package lab

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// trustScenarios are handshakes that fail, and certificates that are refused.
func trustScenarios() []Scenario {
	return []Scenario{
		{
			Name: "unknown-ca", Story: "the members' certificate is of a CA that the gateway was not told of", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "f-unknown-ca", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: unknownCA,
		},
		{
			Name: "missing-intermediate", Story: "the members send their certificate without the one between it and the root", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "f-missing-intermediate", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: missingIntermediate,
		},
		{
			Name: "not-yet-valid", Story: "the members' new certificate is not valid yet", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "f-not-yet-valid", Also: []string{"f-expired", "f-clock-skew", "a-all-unhealthy-fail-closed"}}}, play: notYetValid,
		},
		{
			Name: "partial-rotation", Story: "one of three members still has the old certificate when it runs out", Lasts: 12 * time.Second,
			Truth: []Truth{{Cause: "f-partial-rotation", Also: []string{"f-expired"}}}, Open: true, play: partialRotation,
		},
		{
			Name: "client-certificate", Story: "the members demand a certificate of the gateway, which has none", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "f-client-cert", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: clientCertificate,
		},
		{
			Name: "client-certificate-traffic", Story: "the same, with a health page on a port of its own", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "f-client-cert"}}, play: clientCertificateTraffic,
		},
		{
			Name: "tls-version", Story: "the members speak only a version of TLS that the gateway no longer does", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "f-version", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: tlsVersion,
		},
		{
			Name: "tls-cipher", Story: "members and gateway share no cipher suite", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "f-cipher", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: tlsCipher,
		},
		{
			Name: "server-name", Story: "the members refuse a handshake that does not name a site that they know", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "f-sni-required", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: serverName,
		},
		{
			Name: "handshake-hangs", Story: "a member accepts connections and never answers in the handshake", Lasts: 6 * time.Second,
			Truth: []Truth{{Cause: "f-handshake-timeout"}}, play: handshakeHangs,
		},
		{
			Name: "key-usage", Story: "the members' certificate is made for clients", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "f-key-usage", Also: []string{"a-all-unhealthy-fail-closed"}}}, play: keyUsage,
		},
	}
}

// trusted are members that speak TLS, with their probe on the same port.
func trusted(s *Stage, config *tls.Config, root *authority) {
	peers := s.Peers(2, Script{TLS: config, Reply: Reply{Body: 200}})
	s.Web(Pool{Members: members(addrs(peers)...), TLS: true, Host: siteHost, Root: root.der})
	s.Fire(4, s.Flow(40, 2*time.Second, Shot{Path: "/"}))
}

func unknownCA(s *Stage) {
	theirs, ours := s.authority(), s.authority()
	trusted(s, s.certificate(theirs, siteHost, time.Now().Add(time.Hour)), ours)
}

func missingIntermediate(s *Stage) {
	root := s.authority()
	if s.err != nil {
		return
	}
	between, err := root.intermediate()
	if err != nil {
		s.fail(err)
		return
	}
	config := s.certificate(between, siteHost, time.Now().Add(time.Hour))
	config.Certificates[0].Certificate = config.Certificates[0].Certificate[:1]
	trusted(s, config, root)
}

func notYetValid(s *Stage) {
	ca := s.authority()
	from := time.Now().Add(s.Vary(10*time.Minute, time.Hour))
	trusted(s, s.certificate(ca, siteHost, from.Add(24*time.Hour), func(c *x509.Certificate) { c.NotBefore = from }), ca)
}

func partialRotation(s *Stage) {
	ca := s.authority()
	until := time.Now().Add(s.Vary(2200*time.Millisecond, 2800*time.Millisecond))
	renewed, old := ordinary(nil), ordinary(nil)
	renewed.Reply.Header = closing
	old.Reply.Header = closing
	renewed.TLS, old.TLS = s.certificate(ca, siteHost, until.Add(time.Hour)), s.certificate(ca, siteHost, until)
	peers := append(s.Peers(2, renewed), s.Peer(old))
	probe := quickProbe()
	probe.Interval = 2
	s.Web(Pool{Members: members(addrs(peers)...), TLS: true, Host: siteHost, Root: ca.der, Probe: probe})
	s.Fire(6, s.Flow(40, 11*time.Second, Shot{Path: "/"}))
}

func clientCertificate(s *Stage) {
	ca := s.authority()
	config := s.certificate(ca, siteHost, time.Now().Add(time.Hour))
	config.ClientAuth = tls.RequireAnyClientCert
	trusted(s, config, ca)
}

func clientCertificateTraffic(s *Stage) {
	ca := s.authority()
	config := s.certificate(ca, siteHost, time.Now().Add(time.Hour))
	config.ClientAuth = tls.RequireAnyClientCert
	if s.IntN(2) == 0 {
		config.MaxVersion = tls.VersionTLS12
	}
	besideHealth(s, Script{TLS: config, Reply: Reply{Body: 200}}, ca, 0)
}

// besideHealth is a member whose health page is on a port of its own and works, so that only users meet the rest.
func besideHealth(s *Stage, script Script, root *authority, connect time.Duration) {
	peer := s.Peer(script)
	health := s.PeerAt(hostOf(peer.Addr()), Script{TLS: s.certificate(root, siteHost, time.Now().Add(time.Hour))})
	probe := quickProbe()
	probe.Port = portOf(health.Addr())
	s.Open(Site{ConnectTimeout: connect, Pools: []Pool{{
		Name: "web", Members: []Member{{Name: hostOf(peer.Addr())}}, Port: portOf(peer.Addr()), TLS: true, Host: siteHost, Root: root.der, Probe: probe,
	}}})
	s.Fire(4, s.Flow(20, 2*time.Second, Shot{Path: "/"}))
}

func tlsVersion(s *Stage) {
	ca := s.authority()
	config := s.certificate(ca, siteHost, time.Now().Add(time.Hour))
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	trusted(s, config, ca)
}

// tlsCipher has members that know only suites that need an RSA certificate, which they do not have.
func tlsCipher(s *Stage) {
	ca := s.authority()
	config := s.certificate(ca, siteHost, time.Now().Add(time.Hour))
	config.MaxVersion = tls.VersionTLS12
	config.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	trusted(s, config, ca)
}

func serverName(s *Stage) {
	ca := s.authority()
	config := s.certificate(ca, "other.lab.example", time.Now().Add(time.Hour))
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

func handshakeHangs(s *Stage) {
	besideHealth(s, Script{Mute: true}, s.authority(), time.Second)
}

func keyUsage(s *Stage) {
	ca := s.authority()
	trusted(s, s.certificate(ca, siteHost, time.Now().Add(time.Hour), func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}), ca)
}
