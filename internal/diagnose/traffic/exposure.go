package traffic

import (
	"net/netip"

	"causeway/internal/accesslog"
)

// To say where failures lie, it takes the requests that did not fail, place by place. A cell of the exposure counts the requests that
// share route, member, listener and instance; whatever is asked about one of these, or about two together, is a sum over cells.

// Exposure counts requests by what they have in common.
type Exposure struct {
	Cells   map[ExposureKey]*Exposed
	Clients map[ClientRoute]int
	names   interner

	Full        bool // there were more cells than are kept
	ClientsFull bool // there were more clients than are kept
}

// ExposureKey is what the requests of a cell share. Member is nil where none was tried, Route in sessions.
type ExposureKey struct {
	Route              *RouteStats
	Member             *MemberStats
	listener, instance int32
}

// Exposed are the requests of a cell, and those of them that failed.
type Exposed struct{ Requests, Failures int }

// ClientRoute is a client on a route.
type ClientRoute struct {
	Client netip.Addr
	Route  *RouteStats
}

const (
	maxExposed = 50_000
	maxClients = 50_000
)

// interner numbers names. Rows repeat the same few, so the last one is compared before anything is hashed.
type interner struct {
	numbers map[string]int32
	list    []string
	last    int32
}

func (n *interner) of(name string) int32 {
	if n.list != nil && n.list[n.last] == name {
		return n.last
	}
	at, ok := n.numbers[name]
	if !ok {
		if n.numbers == nil {
			n.numbers = map[string]int32{}
		}
		at = int32(len(n.list))
		n.numbers[name], n.list = at, append(n.list, name)
	}
	n.last = at
	return at
}

// Listener is that of a cell.
func (x *Exposure) Listener(k ExposureKey) string { return x.names.list[k.listener] }

// Instance is that of a cell.
func (x *Exposure) Instance(k ExposureKey) string { return x.names.list[k.instance] }

// see counts a request.
func (x *Exposure) see(r *accesslog.Record, route *RouteStats, member *MemberStats, bad bool) {
	if len(x.names.list) >= maxInstances+maxExposed {
		x.Full = true
		return
	}
	k := ExposureKey{route, member, x.names.of(r.Listener), x.names.of(r.Instance)}
	c := x.Cells[k]
	if c == nil {
		if len(x.Cells) >= maxExposed {
			x.Full = true
			return
		}
		c = &Exposed{}
		x.Cells[k] = c
	}
	c.Requests++
	if bad {
		c.Failures++
	}
	x.seeClient(ClientRoute{r.Client.Addr(), route})
}

func (x *Exposure) seeClient(k ClientRoute) {
	n, known := x.Clients[k]
	if !known && len(x.Clients) >= maxClients {
		x.ClientsFull = true
		return
	}
	x.Clients[k] = n + 1
}

// expose counts a record where its last attempt was; and where an attempt failed that a retry made good, that attempt too.
func (s *Summary) expose(r *accesslog.Record, e *Event, bad bool) {
	var route *RouteStats
	if !r.Session {
		route = s.routeOf(r)
	}
	var member *MemberStats
	if n := len(r.Attempts); n > 0 {
		member = s.place(r, &r.Attempts[n-1]).counts
	}
	s.Exposure.see(r, route, member, bad)
	if e != nil && !bad && e.Tried {
		s.Exposure.see(r, route, s.Member(e.Key()), true)
	}
}

// CellOf is the key of the cell that counts an event.
func (s *Summary) CellOf(e *Event) ExposureKey {
	k := ExposureKey{listener: s.Exposure.names.numbers[e.Listener], instance: s.Exposure.names.numbers[e.Instance]}
	if !e.Session {
		k.Route = s.Routes[e.Route()]
		if k.Route == nil {
			k.Route = s.Routes[otherRoutes(e.Route())]
		}
	}
	if e.Tried {
		k.Member = s.Member(e.Key())
	}
	return k
}
