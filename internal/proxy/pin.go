package proxy

import (
	"bytes"
	"slices"
	"time"

	"causeway/internal/backend"
	"causeway/internal/conn"
	"causeway/internal/http1"
)

// pin is an idle connection to a member that belongs to one client connection. NTLM, and Negotiate with it, log a
// connection in, not a request (RFC 4559 section 6), so that the next client on it would act under another's name.
type pin struct {
	key    conn.Key
	member *backend.Member
	c      conn.Conn
}

// pinnedMember is the member of the group to which the client has a private connection: a login there means nothing to
// another member. nil: there is none that may serve.
func (s *session) pinnedMember(g *backend.Group) *backend.Member {
	for i := range s.pins {
		if m := s.pins[i].member; m.Up() && slices.Contains(g.Members(), m) {
			return m
		}
	}
	return nil
}

// takePin takes the client's private connection under a key, if it has one that fits and is not stale. stale is the idle
// age of one that its peer has closed, else -1.
func (s *session) takePin(key conn.Key, fit func(*conn.Info) bool) (c conn.Conn, stale time.Duration) {
	if len(s.pins) == 0 {
		return nil, -1
	}
	at := slices.IndexFunc(s.pins, func(p pin) bool { return p.key == key })
	if at < 0 {
		return nil, -1
	}
	c = s.pins[at].c
	s.pins = slices.Delete(s.pins, at, at+1)
	quiet := c.Peer() == conn.PeerIdle
	if quiet && fit(c.Info()) {
		c.Info().Uses++
		return c, -1
	}
	c.Close()
	if quiet {
		return nil, -1
	}
	return nil, max(0, time.Since(c.Info().Idle))
}

// givePin keeps a connection for the client's next request.
func (s *session) givePin(key conn.Key, m *backend.Member, c conn.Conn, now time.Time) {
	c.Info().Idle = now
	s.pins = append(s.pins, pin{key, m, c})
}

// unpin closes the client's private connections to members: a login ends with the client's connection.
func (s *session) unpin() {
	for _, p := range s.pins {
		p.c.Close()
	}
	s.pins = nil
}

// belongsToClient reports whether the connection may serve no other client: its settings ask for dedicated connections,
// or it carries a login, or is about to.
func (a *attempt) belongsToClient() bool {
	req := &a.x.req.Message
	return a.private || a.x.target.Group.Settings.Dedicated ||
		logsIn(req, http1.Authorization) || logsIn(req, http1.ProxyAuthorization)
}

// noteLogin looks for the answer of a member that logs connections in.
func (a *attempt) noteLogin() {
	res := &a.res.Message
	a.private = a.private || logsIn(res, http1.WWWAuthenticate) || logsIn(res, http1.ProxyAuthenticate)
}

// logsIn reports whether a field of this name mentions a scheme that logs a connection in.
func logsIn(m *http1.Message, name http1.ID) bool {
	if !m.Has(name) {
		return false
	}
	fields := m.Fields
	for i := range fields {
		if fields[i].ID != name {
			continue
		}
		for rest := fields[i].Value; len(rest) > 0; {
			var item []byte
			item, rest, _ = bytes.Cut(rest, []byte(","))
			if connectionScheme(firstWord(bytes.TrimSpace(item))) {
				return true
			}
		}
	}
	return false
}

// firstWord is what comes before a blank: a space, or a tab, which is one too (RFC 9110 section 5.6.3).
func firstWord(s []byte) []byte {
	if n := bytes.IndexAny(s, " \t"); n >= 0 {
		return s[:n]
	}
	return s
}

// connectionScheme reports whether an authentication scheme authenticates connections.
func connectionScheme(scheme []byte) bool {
	return http1.EqualFold(scheme, "ntlm") || http1.EqualFold(scheme, "negotiate") || http1.EqualFold(scheme, "nego2") ||
		http1.EqualFold(scheme, "kerberos")
}
