package route

import (
	"sync/atomic"

	"causeway/internal/backend"
	"causeway/internal/gateway"
)

// Target is where a request goes. Either Redirect or Group is set; with neither, the rule names nothing that serves.
type Target struct {
	Listener, Rule, Pool, Settings string // as the access log names them

	Group    *backend.Group
	Redirect *Redirect

	prefix  string // path of the backend settings
	strip   int    // bytes of the path, as it is matched, that the prefix replaces
	encoded bool   // it is matched as received (v1)

	Kept atomic.Value // for the proxy: what it computes once for all requests to the target
}

func (t *Table) target(s *Site, g gateway.Target, pattern string) *Target {
	out := &Target{Listener: s.Listener.Name, Rule: s.Rule.Name}
	if g.Redirect != "" {
		out.Redirect = compileRedirect(t.Config, g.Redirect)
		return out
	}
	out.Pool, out.Settings = g.Pool, g.Settings
	if out.Group = t.Set.Group(g.Pool, g.Settings); out.Group != nil {
		out.Pool, out.Settings = out.Group.Pool.Name, out.Group.Settings.Name
		out.prefix = out.Group.Settings.Path
		out.encoded = t.Config.V1()
		out.strip = len(patternKey(pattern, out.encoded))
	}
	return out
}

// Target returns the target for the path of a request, as it was received: the first path rule whose pattern matches,
// in list order, else the default. v1 matches the encoded path, v2 the decoded one, both normalised; neither looks at
// case. ok is false for a path whose dot segments climb above the root: it means nothing, and no member should have to
// interpret it.
func (s *Site) Target(path []byte) (t *Target, ok bool) {
	if s.paths == nil && plainPath(path) {
		return s.fallback, true
	}
	var box [256]byte
	key, ok := normal(box[:0], path, s.encoded)
	if !ok {
		return s.fallback, false
	}
	if s.paths != nil {
		t = s.paths.find(key)
	}
	if t == nil {
		t = s.fallback
	}
	return t, true
}

// AppendPath appends the path that is sent to the backend: with a path in the settings, that path in place of what the
// pattern of the path rule matched, joined by exactly one slash.
func (t *Target) AppendPath(b, path []byte) []byte {
	if t.prefix == "" {
		return append(b, path...)
	}
	rest := path[rawLength(path, t.strip, t.encoded):]
	b = append(b, t.prefix...)
	end := len(b) - 1
	switch {
	case len(rest) == 0:
	case b[end] == '/' && rest[0] == '/':
		rest = rest[1:]
	case b[end] != '/' && rest[0] != '/':
		b = append(b, '/')
	}
	return append(b, rest...)
}

// Rewrites reports whether AppendPath changes anything.
func (t *Target) Rewrites() bool { return t.prefix != "" }

// AppendHost appends the Host that is sent to a member: the settings' own, the member's name, or the client's.
func (t *Target) AppendHost(b []byte, m *backend.Member, host []byte) []byte {
	s := t.Group.Settings
	switch {
	case s.HostName != "":
		return append(b, s.HostName...)
	case s.PickHostFromAddress:
		return append(b, m.Name...)
	}
	return append(b, host...)
}
