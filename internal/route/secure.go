package route

import (
	"crypto/tls"
	"fmt"
	"slices"

	"causeway/internal/certs"
	"causeway/internal/conn"
	"causeway/internal/gateway"
)

// errUnknownName ends a handshake whose SNI no listener of a first-generation gateway serves. Azure's resets the connection.
var errUnknownName = fmt.Errorf("no listener serves the name that the client asked for: %w", conn.ErrReset)

// secure makes the TLS configuration of an HTTPS port: one for each listener, chosen by SNI.
func (p *Port) secure(c *gateway.Config, certificates map[string]*tls.Certificate) error {
	configs := map[*Site]*tls.Config{}
	for _, s := range p.sites {
		var pair *tls.Certificate
		if cert := c.SSLCertificate(s.Listener.SSLCertificate); cert != nil { // the reference may differ from the name in case
			pair = certificates[cert.Name]
		}
		if pair == nil {
			return fmt.Errorf("compile listener %q: certificate %q has no key pair", s.Listener.Name, s.Listener.SSLCertificate)
		}
		s.policy = policyOf(c, s.Listener)
		configs[s] = serverConfig(s.policy, pair)
	}
	v1 := c.V1()
	p.TLS = &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			s := p.presented([]byte(hello.ServerName), v1)
			if s == nil {
				return nil, errUnknownName
			}
			return configs[s], nil
		},
	}
	return nil
}

// presented returns the listener whose certificate a client sees. Without a match v2 falls back to the first HTTPS listener
// in rule order, whatever requireServerNameIndication says; v1 refuses where every listener requires SNI.
func (p *Port) presented(name []byte, v1 bool) *Site {
	if s := p.Site(name); s != nil && len(name) > 0 {
		return s
	}
	if p.basic != nil {
		return p.basic
	}
	if !v1 {
		return p.sites[0]
	}
	for _, s := range p.sites {
		if !s.Listener.RequireSNI {
			return s
		}
	}
	return nil
}

// Admits reports whether a handshake meets what the listener demands of TLS: a client may name one listener in the handshake
// and another in a request (RFC 9110 section 7.4).
func (s *Site) Admits(version, suite uint16) bool {
	return version >= s.policy.Min && (version >= tls.VersionTLS13 || s.policy.Suites == nil || slices.Contains(s.policy.Suites, suite))
}

// policyOf is the policy in force on a listener.
func policyOf(c *gateway.Config, l *gateway.Listener) certs.Policy {
	policy := c.SSLPolicy
	if prof := c.SSLProfile(l.SSLProfile); prof != nil && prof.Policy.Type != "" {
		policy = prof.Policy
	}
	p := certs.PolicyOf(policy, c.V1())
	if len(p.Suites) == 0 && c.AnySuites {
		p.Suites = nil
	}
	return p
}

func serverConfig(p certs.Policy, pair *tls.Certificate) *tls.Config {
	return &tls.Config{
		GetCertificate: conn.Certificate(pair), MinVersion: p.Min, MaxVersion: p.Max, CipherSuites: p.Suites,
		NextProtos: []string{"http/1.1"},
	}
}
