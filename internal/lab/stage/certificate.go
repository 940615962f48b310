package stage

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"causeway/internal/lab/peers"
)

func (s *Stage) Authority() *peers.Authority {
	a, err := peers.NewAuthority()
	if err != nil {
		s.Fail(err)
		return &peers.Authority{}
	}
	return a
}

func (s *Stage) Certificate(a *peers.Authority, name string, until time.Time, changes ...func(*x509.Certificate)) *tls.Config {
	if s.Err != nil {
		return &tls.Config{}
	}
	c, err := a.Server(name, until, changes...)
	s.Must(err)
	return c
}
