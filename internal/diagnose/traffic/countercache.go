package traffic

import (
	"net/netip"

	"causeway/internal/accesslog"
	"causeway/internal/evidence"
)

// counterCache finds the counters that a row belongs to. Rows repeat the same few members, instances and routes, so what was
// found for the last ones is checked before anything is hashed.
type counterCache struct {
	places [256]place
	routes map[string]*RouteStats // by settings, method and folded path, in one text
	key    []byte
}

// place is a member under settings, as one instance meets it.
type place struct {
	settings, instance, member string
	server                     netip.AddrPort
	gateway                    *int
	counts                     *MemberStats
	work                       *Concurrency // nil: it is not known, or there are too many
	instances, cells           *Cell        // of the instance, and of instance and member together
}

// place finds the counters of an attempt.
func (s *Summary) place(r *accesslog.Record, a *accesslog.Attempt) *place {
	ip := a.Server.Addr().As16()
	p := &s.find.places[(int(ip[15])*7+int(ip[14])*31+int(a.Server.Port())+len(r.Settings)*5+int(lastByte(r.Instance))*17)&255]
	member := MemberOf(a)
	if p.counts == nil || p.server != a.Server || p.member != member || p.settings != r.Settings || p.instance != r.Instance ||
		p.gateway != s.lastGateway {
		k := MemberKey{Settings: r.Settings, Member: member, Server: a.Server}
		*p = place{
			settings: r.Settings, instance: r.Instance, member: member, server: a.Server, gateway: s.lastGateway,
			counts: s.memberFor(k), work: s.concurrency(ConcurrencyKey{k, r.Instance, s.lastGateway}),
		}
		if r.Instance != "" {
			p.instances, p.cells = at(s.Instances, r.Instance), s.cellOf(InstanceMember{r.Instance, member})
		}
	}
	return p
}

func lastByte(s string) byte {
	if s == "" {
		return 0
	}
	return s[len(s)-1]
}

// routeOf finds the counters of a route.
func (s *Summary) routeOf(r *accesslog.Record) *RouteStats {
	key := append(append(s.find.key[:0], r.Settings...), 0)
	key = append(append(key, r.Method...), 0)
	n := len(key)
	key = fold(key, r.URI)
	s.find.key = key
	if route := s.find.routes[string(key)]; route != nil {
		return route
	}
	route := s.routeFor(RouteKey{r.Settings, string(r.Method), string(key[n:])})
	if s.find.routes == nil {
		s.find.routes = map[string]*RouteStats{}
	}
	if len(s.find.routes) < 2*maxRoutes {
		s.find.routes[string(key)] = route
	}
	return route
}

// appendOdd appends what is left of an id without its letters and digits: some servers accept no such characters.
func appendOdd(out, id []byte) []byte {
	for i := 0; i < len(id); i++ {
		switch c := id[i]; {
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z', c == '-', c == '_', c == '.':
		case c == '%':
			end := min(len(id), i+3)
			out = append(out, id[i:end]...)
			i = end - 1
		default:
			out = append(out, c)
		}
	}
	return out
}

// fold appends the template of a path: the parts that look like ids are one.
func fold(out, path []byte) []byte {
	path = path[:min(len(path), templateMax)]
	for begin := 0; ; {
		end := begin
		for end < len(path) && path[end] != '/' {
			end++
		}
		if part := path[begin:end]; evidence.LooksLikeID(part) {
			out = appendOdd(append(out, '*'), part)
		} else {
			out = append(out, part...)
		}
		if end == len(path) {
			return out
		}
		out = append(out, '/')
		begin = end + 1
	}
}
