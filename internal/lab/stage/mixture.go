package stage

import (
	"maps"
	"strings"
	"sync"

	"causeway/internal/lab/peers"
)

// Mixture is one gateway that two plays share: the first has its pools and paths as they are, those of the second are below SecondPath
// and its members have addresses of their own.
type Mixture struct {
	Start func(Site) (Front, error)

	mu     sync.Mutex
	halves [2]*half
	opened int
	ready  chan struct{}
	front  Front
	err    error
}

// SecondPath is what all paths of the second play of a mixture begin with.
const SecondPath = "/second"

// half is what one of two plays sees of the gateway.
type half struct {
	mixture *Mixture
	second  bool
	site    Site
	names   map[string]string
}

// Mix makes two stages share a gateway, which start starts for the site of both. A stage that ends without a gateway must Leave.
func Mix(first, second *Stage, start func(Site) (Front, error)) *Mixture {
	m := &Mixture{Start: start, ready: make(chan struct{})}
	for i, s := range []*Stage{first, second} {
		h := &half{mixture: m, second: i == 1}
		m.halves[i], s.half = h, h
		s.StartFront = h.open
		if h.second {
			s.common.Below = SecondPath
		}
	}
	return m
}

// open waits until both plays have said what they want served.
func (h *half) open(_ string, site Site) (Front, error) {
	m := h.mixture
	m.mu.Lock()
	h.site, h.names = site, site.Names
	if m.opened++; m.opened == len(m.halves) {
		m.front, m.err = m.Start(m.site())
		close(m.ready)
	}
	m.mu.Unlock()
	<-m.ready
	return h, m.err
}

// Leave lets the other play go on when one has failed before it opened the gateway.
func (m *Mixture) Leave(s *Stage) {
	if s.Gateway == nil && s.Err != nil {
		s.half.open("", Site{Name: "lab"})
	}
}

// Close stops the gateway and leaves its evidence.
func (m *Mixture) Close() error {
	if m.front == nil {
		return m.err
	}
	return m.front.Close()
}

// site is what both plays want served; m.mu is held.
func (m *Mixture) site() Site {
	out := m.halves[0].site
	out.Pools = append([]Pool{}, out.Pools...)
	other := m.halves[1].site
	var second []Pool
	for i, p := range other.Pools {
		if p.Name = "second-" + p.Name; i == 0 {
			p.Path = "/*"
		}
		p.Path = SecondPath + p.Path
		p.Members = append([]Member{}, p.Members...)
		for k, member := range p.Members {
			if member.Dial != "" {
				p.Members[k].Name = SecondMember(member.Name)
			}
		}
		second = append(second, p)
	}
	if len(second) > 0 { // of path rules the first that matches wins, and this one matches every path of the half
		second = append(second[1:], second[0])
	}
	out.Pools = append(out.Pools, second...)
	out.Names = map[string]string{}
	maps.Copy(out.Names, m.halves[0].names)
	maps.Copy(out.Names, m.halves[1].names)
	out.ConnectTimeout = max(out.ConnectTimeout, other.ConnectTimeout)
	out.BackendIdleTimeout = max(out.BackendIdleTimeout, other.BackendIdleTimeout)
	return out
}

// SecondMember is the address that a member of the second play has in a mixture.
func SecondMember(name string) string {
	if rest, ok := strings.CutPrefix(name, "10."); ok {
		return "10.9" + rest
	}
	return name
}

// member is the address that a member of this half has at the gateway.
func (h *half) member(name string) string {
	if h == nil || !h.second {
		return name
	}
	return SecondMember(name)
}

// paths are those of a server's script, below that of the half as well.
func (h *half) paths(of map[string]peers.Reply) map[string]peers.Reply {
	if h == nil || !h.second {
		return of
	}
	out := maps.Clone(of)
	for path, reply := range of {
		out[SecondPath+path] = reply
	}
	return out
}

// move moves a load below the path of the half.
func (h *half) move(load []TimedRequest) {
	if h == nil || !h.second {
		return
	}
	for i := range load {
		load[i].Path = SecondPath + load[i].Path
	}
}

// Addrs is where clients reach the gateway.
func (h *half) Addrs() []string { return h.mixture.front.Addrs() }

// Apply serves another site for this half.
func (h *half) Apply(s Site) error {
	h.mixture.mu.Lock()
	defer h.mixture.mu.Unlock()
	h.site, h.names = s, s.Names
	return h.mixture.front.Apply(h.mixture.site())
}

// Rename changes the addresses of this half's names.
func (h *half) Rename(known map[string]string) {
	h.mixture.mu.Lock()
	defer h.mixture.mu.Unlock()
	h.names = known
	h.mixture.front.Rename(h.mixture.site().Names)
}

// Close leaves the gateway to the mixture.
func (h *half) Close() error { return nil }
