package backend

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"causeway/internal/certs"
	"causeway/internal/fault"
	"causeway/internal/gateway"
)

// Group is a pool under one backend settings object: what a rule sends requests to. Its members may change while it
// serves, as names are resolved anew.
type Group struct {
	Pool     *gateway.Pool
	Settings *gateway.Settings
	Probe    *gateway.Probe // custom probe; nil: the default one
	Trust    *certs.Trust   // nil without HTTPS
	Timeout  time.Duration  // request timeout
	Ejects   bool           // members that fail requests are held back: see Failed

	d    *Directory
	id   string                    // of the TLS identity of its connections
	all  atomic.Pointer[[]*Member] // in the order of the document
	live atomic.Pointer[[]*Member] // those that may be picked
	next atomic.Uint32

	ejecting sync.Mutex // see Failed
}

// Members returns all members, healthy or not, in the order of the document. Do not modify the slice.
func (g *Group) Members() []*Member { return *g.all.Load() }

// Pick returns the next member in rotation among those that may serve and were not tried yet, and the first that it passed
// over because that is held back. Without a member, f says why: the pool is empty, or no member is healthy. If all that
// are left are held back, the first of them serves after all. Only a new request advances the rotation: if a retry did
// too, every request to a pool of two would meet the dead one.
func (g *Group) Pick(tried []*Member) (m, held *Member, f fault.Fault) {
	live := *g.live.Load()
	n := uint32(len(live))
	if n == 0 {
		return nil, nil, g.none()
	}
	at := g.next.Load()
	if len(tried) == 0 {
		at = g.next.Add(1)
	}
	for i := range n {
		switch m := live[(at+i)%n]; {
		case slices.Contains(tried, m):
		case m.heldUntil.Load() == nil || !m.Held(time.Now()):
			return m, held, fault.Fault{}
		case held == nil:
			held = m
		}
	}
	if held != nil {
		return held, nil, fault.Fault{}
	}
	return nil, nil, g.none()
}

// LeastActive returns how many attempts are in progress at the least busy other member that may serve; -1 if there is none.
func (g *Group) LeastActive(m *Member) int {
	least := -1
	for _, o := range *g.live.Load() {
		if n := int(o.active.Load()); o != m && (least < 0 || n < least) {
			least = n
		}
	}
	return least
}

// none is why Pick finds no member.
func (g *Group) none() fault.Fault {
	f := fault.Fault{Side: fault.Gateway, Phase: fault.Pick, Kind: fault.NoHealthy}
	if len(g.Pool.Members) == 0 {
		f.Kind = fault.NoMember
	}
	return f
}

// refresh recomputes which members may be picked: the healthy ones, and as many others as the probe's minServers demands, those
// that passed a probe most recently first, those that never did last.
func (g *Group) refresh() {
	var live, rest []*Member
	for _, m := range g.Members() {
		switch {
		case m.Up():
			live = append(live, m)
		case m.Addr.IsValid():
			rest = append(rest, m)
		}
	}
	if g.Probe != nil && len(live) < g.Probe.MinServers {
		slices.SortStableFunc(rest, func(a, b *Member) int { return b.State().Passed.Compare(a.State().Passed) })
		live = append(live, rest[:min(len(rest), g.Probe.MinServers-len(live))]...)
	}
	g.live.Store(&live)
}
