package arm

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"causeway/internal/access"
	"causeway/internal/store/cluster"
)

// authorityName is the secret that holds the API's certificate authority. All nodes of a cluster share it, so that a client
// trusts each of them.
const authorityName = "api-authority"

// LoadAuthority is the certificate authority of the API. The first node that asks makes it.
func LoadAuthority(ctx context.Context, s access.Store) (*cluster.Authority, error) {
	text, err := s.Secret(ctx, authorityName, func() ([]byte, error) {
		a, err := cluster.NewAuthority("Causeway API authority", time.Now())
		if err != nil {
			return nil, err
		}
		return a.PEM()
	})
	if err != nil {
		return nil, fmt.Errorf("load the authority of the API: %w", err)
	}
	return cluster.ParseAuthority(text)
}

// serverName is the subject of the certificate. OpenSSL takes one with the name of its authority for self-signed.
const serverName = "Causeway API"

// certificate is that of the API's address. It is made in memory, and made again when a third of its life is left.
type certificate struct {
	authority *cluster.Authority
	names     []string // addresses and host names

	mu   sync.Mutex
	text []byte // PEM
	pair *tls.Certificate
}

// get implements tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.pair != nil {
		if due, err := cluster.Due(c.text, now); err == nil && !due {
			return c.pair, nil
		}
	}
	key, request, err := cluster.Request(serverName)
	if err != nil {
		return nil, err
	}
	text, err := c.authority.Sign(request, serverName, c.names, now)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(text, key)
	if err != nil {
		return nil, err
	}
	c.text, c.pair = text, &pair
	return c.pair, nil
}
