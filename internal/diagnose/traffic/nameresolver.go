package traffic

import (
	"net/netip"
	"slices"
	"strings"

	"causeway/internal/accesslog"
	"causeway/internal/gateway"
)

// nameResolver gives records their pool and backend settings where the log has none, as those of first-generation gateways and
// of the first years of the second: from the document, where only one can be meant.
type nameResolver struct {
	config *gateway.Config
	used   []gateway.Target // that rules lead to
	known  map[netip.AddrPort]gateway.Target
	lastID string // resource id of the last record, and whether it is the document's gateway
	own    bool
	Given  int // records that were
}

func newNameResolver(c *gateway.Config) nameResolver {
	n := nameResolver{config: c, known: map[netip.AddrPort]gateway.Target{}}
	if c != nil {
		n.used = slices.DeleteFunc(UsedTargets(c), func(t gateway.Target) bool { return t.Pool == "" })
	}
	return n
}

// resolve fills in what a record lacks. One without a member went to a pool only if the gateway failed it, or its answer can only be a
// member's.
func (n *nameResolver) resolve(r *accesslog.Record) {
	if r.Pool != "" || r.Settings != "" || r.Rule != "" || r.Listener != "" || len(n.used) == 0 || !n.ours(r.ResourceID) {
		return
	}
	var server netip.AddrPort
	if len(r.Attempts) > 0 {
		server = r.Attempts[len(r.Attempts)-1].Server
	} else if r.Status < 500 && !namelessAnswer(r) {
		return
	}
	target, seen := n.known[server]
	if !seen {
		target = n.target(server)
		if len(n.known) < maxMembers {
			n.known[server] = target
		}
	}
	if !server.IsValid() && target.Pool == "" {
		target = n.askedFor(r)
	}
	if r.Pool, r.Settings = target.Pool, target.Settings; r.Pool != "" || r.Settings != "" {
		n.Given++
	}
}

// ours reports whether records are of the gateway that the document describes.
func (n *nameResolver) ours(id string) bool {
	if id != n.lastID || id == "" {
		parts := strings.Split(id, "/")
		name := parts[len(parts)-1]
		known := n.config.Name != "" && len(parts) > 1 && strings.EqualFold(parts[len(parts)-2], "applicationGateways")
		n.lastID, n.own = id, !known || strings.EqualFold(name, n.config.Name)
	}
	return n.own
}

// askedFor is what the rules that a request's host and path may have come by have in common.
func (n *nameResolver) askedFor(r *accesslog.Record) gateway.Target {
	var targets []gateway.Target
	for i := range n.config.Rules {
		rule := &n.config.Rules[i]
		if !n.serves(rule.Listener, string(r.OriginalHost)) {
			continue
		}
		t := rule.Target
		if m := n.config.PathMap(rule.PathMap); m != nil {
			t = targetOf(m, strings.ToLower(string(r.URI)))
		}
		targets = append(targets, t)
	}
	return common(targets)
}

// serves reports whether a listener may have taken a request for a host; one that is not known may.
func (n *nameResolver) serves(listener, host string) bool {
	host, _, _ = strings.Cut(strings.ToLower(host), ":")
	l := n.config.Listener(listener)
	return l == nil || len(l.HostNames) == 0 || host == "" || slices.ContainsFunc(l.HostNames, func(name string) bool {
		end, wild := strings.CutPrefix(name, "*")
		return name == host || wild && strings.HasSuffix(host, end)
	})
}

// servesNobody reports whether the document has no listener for a host; without a document, or without a host, that is not known.
func (n *nameResolver) servesNobody(host string) bool {
	return n.config != nil && host != "" && !slices.ContainsFunc(n.config.Listeners, func(l gateway.Listener) bool {
		return n.serves(l.Name, host)
	})
}

// targetOf is where a path map leads a path, in lower case: by the first pattern that matches, or by default.
func targetOf(m *gateway.PathMap, path string) gateway.Target {
	for i := range m.Rules {
		for _, pattern := range m.Rules[i].Paths {
			begin, wild := strings.CutSuffix(strings.ToLower(pattern), "*")
			if path == begin || wild && strings.HasPrefix(path, begin) {
				return m.Rules[i].Target
			}
		}
	}
	return m.Default
}

// target is what the rules that may have led to a server have in common.
func (n *nameResolver) target(server netip.AddrPort) gateway.Target {
	return common(n.leadingTo(server))
}

// common is what targets have in common.
func common(targets []gateway.Target) (out gateway.Target) {
	for i, t := range targets {
		if i == 0 {
			out = gateway.Target{Pool: t.Pool, Settings: t.Settings}
			continue
		}
		if !strings.EqualFold(out.Pool, t.Pool) {
			out.Pool = ""
		}
		if !strings.EqualFold(out.Settings, t.Settings) {
			out.Settings = ""
		}
	}
	return out
}

// leadingTo are the targets that have a server: by its address, or, where none lists it, by a member whose address the
// document does not have.
func (n *nameResolver) leadingTo(server netip.AddrPort) []gateway.Target {
	if !server.IsValid() {
		return n.used
	}
	var sure, perhaps []gateway.Target
	for _, t := range n.used {
		s := n.config.Setting(t.Settings)
		if s != nil && server.Port() != 0 && s.Port != int(server.Port()) {
			continue
		}
		listed, open := holds(n.config.Pool(t.Pool), server.Addr().String())
		if listed {
			sure = append(sure, t)
		} else if open {
			perhaps = append(perhaps, t)
		}
	}
	if len(sure) > 0 {
		return sure
	}
	return perhaps
}

// holds reports whether a pool lists an address, and whether it has members whose address the document does not have.
func holds(p *gateway.Pool, address string) (listed, open bool) {
	if p == nil {
		return false, false
	}
	for _, m := range p.Members {
		listed = listed || m.IP == address || m.FQDN == address
		open = open || m.IP == ""
	}
	return listed, open
}

// UsedTargets are all that rules lead to.
func UsedTargets(c *gateway.Config) []gateway.Target {
	var out []gateway.Target
	for i := range c.Rules {
		if c.Rules[i].PathMap == "" {
			out = append(out, c.Rules[i].Target)
		}
		for j := range c.PathMaps {
			if m := &c.PathMaps[j]; strings.EqualFold(m.Name, c.Rules[i].PathMap) {
				out = append(out, m.Default)
				for k := range m.Rules {
					out = append(out, m.Rules[k].Target)
				}
			}
		}
	}
	return out
}
