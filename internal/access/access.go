// Package access decides who may use the management API: credentials with a role, the tokens that they get for a while, and
// a limit for those who guess.
package access

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"causeway/internal/store"
)

// Role is what a credential may do.
type Role string

// The roles, from the weakest. Each may do what the one before it may.
const (
	Reader   Role = "reader"   // reads everything that is no secret
	Operator Role = "operator" // changes, starts and stops the gateway
	Owner    Role = "owner"    // deletes it, and sets and removes locks
)

// Roles are all of them, from the weakest.
func Roles() []Role { return []Role{Reader, Operator, Owner} }

// Covers reports whether the role may do what needs another one.
func (r Role) Covers(needed Role) bool { return rank(r) >= rank(needed) }

// rank of what is no role is 0, which covers nothing.
func rank(r Role) int {
	for i, known := range Roles() {
		if r == known {
			return i + 1
		}
	}
	return 0
}

// Store is where credentials and the key of the tokens are kept.
type Store interface {
	Items(ctx context.Context, kind string) ([]store.Item, error)
	PutItem(ctx context.Context, r store.Item) (int64, error)
	DeleteItem(ctx context.Context, r store.Item) error
	Secret(ctx context.Context, name string, make func() ([]byte, error)) ([]byte, error)
}

// Errors of a client. They say no more than whoever guesses may know.
var (
	ErrRefused  = errors.New("the client id or the client secret is wrong")
	ErrTooMany  = errors.New("too many wrong attempts from this address; wait a minute")
	ErrNoToken  = errors.New("the request has no bearer token")
	ErrBadToken = errors.New("the token is forged, too old, or for another audience")
	ErrRevoked  = errors.New("the credential of the token has been revoked")
)

// Caller is whoever proved an identity.
type Caller struct {
	ID   string // of the credential; "uid N" on a unix socket
	Role Role
}

// Control judges clients.
type Control struct {
	Sessions *Sessions // of browsers

	store    Store
	book     book
	keys     keys
	nodeKeys keys
	attempts attempts
}

// NewControl makes a control over the credentials of a store.
func NewControl(s Store) *Control {
	c := &Control{
		store:    s,
		book:     book{store: s},
		keys:     keys{store: s, name: store.Passing + "api-tokens"},
		nodeKeys: keys{store: s, name: store.Passing + "api-nodes"},
		attempts: newAttempts(),
	}
	c.Sessions = newSessions(c)
	return c
}

// SignIn exchanges a client's id and secret for a token that is valid for the audience and for TokenLife. From names the
// client's address: after ten wrong attempts within a minute it is refused with ErrTooMany.
func (c *Control) SignIn(ctx context.Context, from netip.Addr, id, secret string, a Audience) (token string, err error) {
	caller, err := c.prove(ctx, from, id, secret)
	if err != nil {
		return "", err
	}
	return c.Issue(ctx, caller, a)
}

// prove finds the caller whose id and secret these are.
func (c *Control) prove(ctx context.Context, from netip.Addr, id, secret string) (Caller, error) {
	now := time.Now()
	if !c.attempts.allowed(from, now) {
		return Caller{}, ErrTooMany
	}
	credential, err := c.book.find(ctx, id, now)
	if err != nil {
		return Caller{}, err
	}
	if !credential.matches(secret) { // also one that does not exist
		c.attempts.failed(from, now)
		return Caller{}, ErrRefused
	}
	return Caller{ID: credential.ID, Role: credential.Role}, nil
}

// Check finds the caller of a token for one of these audiences. The errors are ErrNoToken, ErrBadToken, ErrRevoked, and those of
// the store.
func (c *Control) Check(ctx context.Context, token string, audiences []string) (Caller, error) {
	if token == "" {
		return Caller{}, ErrNoToken
	}
	now := time.Now()
	claims, err := c.verify(ctx, token, audiences, now)
	if err != nil {
		return Caller{}, err
	}
	credential, err := c.book.find(ctx, claims.Subject, now)
	if err != nil {
		return Caller{}, err
	}
	if credential.ID == "" {
		return Caller{}, ErrRevoked
	}
	return Caller{ID: credential.ID, Role: credential.Role}, nil
}
