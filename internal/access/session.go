package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// How long people stay signed in, and how many.
const (
	InvitationLife = 2 * time.Minute
	sessionIdle    = time.Hour
	sessionLife    = 12 * time.Hour
	sessionsMax    = 1000
)

// Errors of a browser.
var (
	ErrNoInvitation = errors.New("the sign-in link has been used, or is older than two minutes")
	ErrNoSession    = errors.New("the session has ended")
)

// Sessions are the browsers that are signed in. They live in memory: with the supervisor they end.
type Sessions struct {
	control *Control

	mu      sync.Mutex
	invited map[string]session // by the code of the link
	open    map[string]session // by the id in the cookie
}

type session struct {
	key        string // that the header of its requests has
	caller     Caller
	credential bool // the caller is one, and ends with it
	begun      time.Time
	used       time.Time
}

func newSessions(c *Control) *Sessions {
	return &Sessions{control: c, invited: map[string]session{}, open: map[string]session{}}
}

// Invite makes the code of a link that signs a browser in as a caller, once, within InvitationLife.
func (s *Sessions) Invite(as Caller) (code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	code = rand.Text()
	s.invited[code] = session{caller: as, begun: time.Now()}
	return code
}

// Opened is a session that has begun.
type Opened struct {
	ID, Key string // for its cookie, and for PortalHeader
	Caller  Caller
}

// Accept begins the session of an invitation. The error is ErrNoInvitation.
func (s *Sessions) Accept(code string) (Opened, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	invited, ok := s.invited[code]
	if !ok {
		return Opened{}, ErrNoInvitation
	}
	delete(s.invited, code)
	return s.begin(session{caller: invited.caller}), nil
}

// SignIn begins a session by a credential, with the limit and the errors of Control.SignIn.
func (s *Sessions) SignIn(ctx context.Context, from netip.Addr, id, secret string) (Opened, error) {
	caller, err := s.control.prove(ctx, from, id, secret)
	if err != nil {
		return Opened{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	return s.begin(session{caller: caller, credential: true}), nil
}

// Check finds the caller of a session by its id and key. A session that a credential began has the role that the credential has now.
// The errors are ErrNoSession, ErrRevoked, and those of the store.
func (s *Sessions) Check(ctx context.Context, id, key string) (Caller, error) {
	return s.check(ctx, id, key, true)
}

// check is Check. Whether somebody is there decides if the session is used by it.
func (s *Sessions) check(ctx context.Context, id, key string, attended bool) (Caller, error) {
	found, ok := s.find(id, key, attended)
	if !ok {
		return Caller{}, ErrNoSession
	}
	if !found.credential {
		return found.caller, nil
	}
	credential, err := s.control.book.find(ctx, found.caller.ID, time.Now())
	switch {
	case err != nil:
		return Caller{}, err
	case credential.ID == "":
		s.End(id, key)
		return Caller{}, ErrRevoked
	}
	return Caller{ID: credential.ID, Role: credential.Role}, nil
}

// End ends a session.
func (s *Sessions) End(id, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[id].has(key) {
		delete(s.open, id)
	}
}

// has reports whether the key of a session is this one.
func (x session) has(key string) bool {
	return subtle.ConstantTimeCompare([]byte(x.key), []byte(key)) == 1
}

// find is a session that has not ended. With somebody there, it is used now.
func (s *Sessions) find(id, key string, attended bool) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	found, ok := s.open[id]
	if ok = ok && found.has(key); ok && attended {
		found.used = time.Now()
		s.open[id] = found
	}
	return found, ok
}

// begin keeps a session, in place of the one that was used the longest ago if there are too many; s.mu is held.
func (s *Sessions) begin(x session) Opened {
	if len(s.open) >= sessionsMax {
		oldest := ""
		for k, o := range s.open {
			if oldest == "" || o.used.Before(s.open[oldest].used) {
				oldest = k
			}
		}
		delete(s.open, oldest)
	}
	id := rand.Text()
	x.key, x.begun, x.used = rand.Text(), time.Now(), time.Now()
	s.open[id] = x
	return Opened{ID: id, Key: x.key, Caller: x.caller}
}

// forget drops what is too old; s.mu is held.
func (s *Sessions) forget() {
	now := time.Now()
	for code, x := range s.invited {
		if now.Sub(x.begun) >= InvitationLife {
			delete(s.invited, code)
		}
	}
	for id, x := range s.open {
		if now.Sub(x.used) >= sessionIdle || now.Sub(x.begun) >= sessionLife {
			delete(s.open, id)
		}
	}
}
