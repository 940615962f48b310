package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Stage is what a scenario plays on. Its first failure makes the rest of the play do nothing; the run reports it.
type Stage struct {
	*rand.Rand // of the seed: everything that varies comes from it
	Seed       uint64
	Gateway    *Gateway
	Loads      []*Tally

	ctx  context.Context
	dir  string
	ends []func()
	wait []func()
	err  error
}

func newStage(ctx context.Context, dir string, seed uint64) *Stage {
	return &Stage{Rand: rand.New(rand.NewPCG(seed, 0)), Seed: seed, ctx: ctx, dir: dir}
}

func (s *Stage) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Peer starts a server.
func (s *Stage) Peer(script Script) *Peer {
	return s.PeerAt(fmt.Sprintf("127.0.0.%d", 2+len(s.ends)%200), script)
}

// PeerAt starts a server at an address of loopback.
func (s *Stage) PeerAt(addr string, script Script) *Peer {
	script.Seed = s.Uint64()
	p, err := StartPeer(addr, script)
	if err != nil {
		s.fail(err)
		return &Peer{}
	}
	s.ends = append(s.ends, p.End)
	return p
}

// Peers starts n servers with one script.
func (s *Stage) Peers(n int, script Script) []*Peer {
	out := make([]*Peer, n)
	for i := range out {
		out[i] = s.Peer(script)
	}
	return out
}

// Far puts a relay in front of a peer, a one-way delay away, and returns its address.
func (s *Stage) Far(p *Peer, delay time.Duration) string {
	way := Way{Delay: delay}
	return s.Behind(p, Course{Up: way, Down: way})
}

// Behind puts a relay in front of a peer and returns its address.
func (s *Stage) Behind(p *Peer, c Course) string {
	if r := s.relay(p, c); r != nil {
		return r.Addr()
	}
	return ""
}

// relay puts a relay in front of a peer; nil if that failed.
func (s *Stage) relay(p *Peer, c Course) *Relay { return s.relayTo(p.Addr(), c) }

func (s *Stage) relayTo(target string, c Course) *Relay {
	if s.err != nil {
		return nil
	}
	c.Seed = s.Uint64()
	r, err := NewRelay("127.0.0.250", target, c)
	if err != nil {
		s.fail(err)
		return nil
	}
	s.ends = append(s.ends, r.Close)
	return r
}

// Open starts the gateway for a site; it returns when the first probes have come back.
func (s *Stage) Open(site Site) {
	if s.err != nil {
		return
	}
	site.Name = "lab"
	g, err := StartGateway(s.dir, site)
	if err != nil {
		s.fail(err)
		return
	}
	s.Gateway = g
}

// Web opens the gateway for one pool, with a quick probe unless the pool has another.
func (s *Stage) Web(p Pool) {
	p.Name = "web"
	if p.Probe == nil {
		p.Probe = quickProbe()
	}
	s.Open(Site{Pools: []Pool{p}})
}

// Apply serves another site instead, under the same name.
func (s *Stage) Apply(site Site) {
	if s.err == nil && s.Gateway != nil {
		site.Name = "lab"
		s.must(s.Gateway.Apply(site))
	}
}

// After does something while the load goes on.
func (s *Stage) After(d time.Duration, f func()) {
	done := make(chan struct{})
	t := time.AfterFunc(d, func() { defer close(done); f() })
	s.wait = append(s.wait, func() {
		if !t.Stop() {
			<-done
		}
	})
}

// Fire sends shots and waits for their answers.
func (s *Stage) Fire(clients int, shots ...[]Shot) {
	if s.err != nil {
		return
	}
	var all []Shot
	for _, some := range shots {
		all = append(all, some...)
	}
	sortShots(all)
	s.Loads = append(s.Loads, Load{Target: s.Gateway.Addr(), Clients: clients}.Fire(s.ctx, all))
	s.must(s.ctx.Err())
}

func (s *Stage) must(err error) {
	if err != nil {
		s.fail(err)
	}
}

// Flow is a Poisson stream of requests.
func (s *Stage) Flow(rate float64, over time.Duration, like Shot) []Shot {
	return Shots(Poisson(s.Rand, rate, over), like)
}

// Vary is a value between two bounds, by the seed.
func (s *Stage) Vary(low, high time.Duration) time.Duration {
	return Between(low, high)(s.Rand)
}

// strike takes the stage down; what the gateway has recorded is on disk afterwards.
func (s *Stage) strike() {
	for _, wait := range s.wait {
		wait()
	}
	if s.Gateway != nil {
		s.must(s.Gateway.Close())
	}
	for i := len(s.ends) - 1; i >= 0; i-- {
		s.ends[i]()
	}
}

// members names servers as a document does: addresses in a private network, and where they really are.
func members(addrs ...string) []Member {
	var out []Member
	for i, addr := range addrs {
		out = append(out, Member{Name: memberName(i), Dial: addr})
	}
	return out
}

func memberName(i int) string { return fmt.Sprintf("10.1.0.%d", 4+i) }

func addrs(peers []*Peer) []string {
	var out []string
	for _, p := range peers {
		out = append(out, p.Addr())
	}
	return out
}

// quickProbe judges as fast as probes can: a second between two of them, three failures.
func quickProbe() *Probe { return &Probe{Path: "/health", Interval: 1, Timeout: 1, Threshold: 3} }
