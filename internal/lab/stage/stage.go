// Package stage is where a scenario of the lab plays: a gateway with its document, peers behind it, and clients that load it.
package stage

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"causeway/internal/lab/peers"
)

// Stage is what a scenario plays on. Its first failure makes the rest of the play do nothing; the run reports it.
type Stage struct {
	*rand.Rand // of the seed: everything that varies comes from it
	Seed       uint64
	Gateway    Front
	Loads      []*Outcomes
	Sources    *peers.Sources // that note from which port of the gateway each attempt comes; may be nil
	Background bool           // what every gateway sees goes on beside the loads of the scenario
	FailsAt    string         // member that the failures are at, where the seed or the machine chooses it
	First      bool           // the evidence is that of a first-generation gateway

	// StartFront starts the gateway for a site, with a directory for its evidence; Causeway's own data plane unless it is set.
	StartFront func(dir string, s Site) (Front, error)

	ctx    context.Context
	Dir    string
	half   *half // of a mixture; nil: the stage has its gateway for itself
	common Common
	fired  bool
	host   string // of the listener, if it takes only one
	ends   []func()
	wait   []func()
	Err    error
}

// Front is the gateway of a stage, whoever made it.
type Front interface {
	Addrs() []string                // host:port of each instance
	Apply(Site) error               // serves another site
	Rename(known map[string]string) // changes the addresses of names
	Close() error                   // leaves the evidence in its directory
}

func startCauseway(dir string, s Site) (Front, error) { return StartGateway(dir, s) }

// New makes a stage that keeps evidence in dir and whose play varies with the seed.
func New(ctx context.Context, dir string, seed uint64) *Stage {
	return &Stage{Rand: rand.New(rand.NewPCG(seed, 0)), Seed: seed, StartFront: startCauseway, ctx: ctx, Dir: dir}
}

func (s *Stage) Fail(err error) {
	if s.Err == nil {
		s.Err = err
	}
}

// Peer starts a server.
func (s *Stage) Peer(script peers.Script) *peers.Peer {
	return s.PeerAt(fmt.Sprintf("127.0.0.%d", 2+len(s.ends)%200), script)
}

// PeerAt starts a server at an address of loopback.
func (s *Stage) PeerAt(addr string, script peers.Script) *peers.Peer {
	script.Seed = s.Uint64()
	if s.Background {
		script.Paths = withScanned(script.Paths)
	}
	script.Sources = s.Sources
	script.Paths = s.half.paths(script.Paths)
	p, err := peers.StartPeer(addr, script)
	if err != nil {
		s.Fail(err)
		return &peers.Peer{}
	}
	s.ends = append(s.ends, p.End)
	return p
}

// Peers starts n servers with one script.
func (s *Stage) Peers(n int, script peers.Script) []*peers.Peer {
	out := make([]*peers.Peer, n)
	for i := range out {
		out[i] = s.Peer(script)
	}
	return out
}

// Far puts a relay in front of a peer, a one-way delay away, and returns its address.
func (s *Stage) Far(p *peers.Peer, delay time.Duration) string {
	way := peers.Direction{Delay: delay}
	return s.Behind(p, peers.LinkProfile{Up: way, Down: way})
}

// Behind puts a relay in front of a peer and returns its address.
func (s *Stage) Behind(p *peers.Peer, c peers.LinkProfile) string {
	if r := s.Relay(p, c); r != nil {
		return r.Addr()
	}
	return ""
}

// Relay puts a relay in front of a peer; nil if that failed.
func (s *Stage) Relay(p *peers.Peer, c peers.LinkProfile) *peers.Relay { return s.RelayTo(p.Addr(), c) }

func (s *Stage) RelayTo(target string, c peers.LinkProfile) *peers.Relay {
	if s.Err != nil {
		return nil
	}
	c.Seed, c.Sources = s.Uint64(), s.Sources
	r, err := peers.NewRelay("127.0.0.250", target, c)
	if err != nil {
		s.Fail(err)
		return nil
	}
	s.ends = append(s.ends, r.Close)
	return r
}

// Open starts the gateway for a site; it returns when the first probes have come back.
func (s *Stage) Open(site Site) {
	if s.Err != nil {
		return
	}
	site.Name = "lab"
	s.host = site.Host
	s.common.Member = s.half.member(onlyMember(site))
	g, err := s.StartFront(s.Dir, site)
	if err != nil {
		s.Fail(err)
		return
	}
	s.Gateway = g
}

// Web opens the gateway for one pool, with a quick probe unless the pool has another.
func (s *Stage) Web(p Pool) {
	p.Name = "web"
	if p.Probe == nil {
		p.Probe = QuickProbe()
	}
	s.Open(Site{Pools: []Pool{p}})
}

// Apply serves another site instead, under the same name.
func (s *Stage) Apply(site Site) {
	if s.Err == nil && s.Gateway != nil {
		site.Name = "lab"
		s.Must(s.Gateway.Apply(site))
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
func (s *Stage) Fire(clients int, shots ...[]TimedRequest) {
	if s.Err != nil {
		return
	}
	var all []TimedRequest
	for _, some := range shots {
		all = append(all, some...)
	}
	s.half.move(all)
	s.share(all)
	if s.Background {
		all = append(all, background(s.Seed, s.host, all)...)
	}
	sortShots(all)
	s.Loads = append(s.Loads, Load{Targets: s.Gateway.Addrs(), Clients: clients}.Run(s.ctx, all))
	s.Must(s.ctx.Err())
}

// Common is what all requests of a scenario's own loads share, whatever fails: a report may name it, and need not.
type Common struct {
	Member string // the only one of the site
	Path   string // the only one that is asked for
	Method string
	Below  string // path that all of them are below, in a mixture
}

// Common is what the loads so far share.
func (s *Stage) Common() Common { return s.common }

// Share sets what all requests have in common, of evidence that no load has made.
func (s *Stage) Share(c Common) { s.common = c }

// Located are truths with the member that the play has chosen, where they leave it open.
func (s *Stage) Located(truth []Truth) []Truth {
	out := slices.Clone(truth)
	for i := range out {
		out[i].At = cmp.Or(out[i].At, s.FailsAt)
	}
	return out
}

// share keeps what a load has in common with those before.
func (s *Stage) share(load []TimedRequest) {
	for _, shot := range load {
		method := cmp.Or(shot.Method, http.MethodGet)
		if !s.fired {
			s.fired, s.common.Path, s.common.Method = true, shot.Path, method
		}
		if s.common.Path != shot.Path {
			s.common.Path = ""
		}
		if s.common.Method != method {
			s.common.Method = ""
		}
	}
}

// onlyMember is the name of a site's member if there is only one in all of its pools.
func onlyMember(site Site) string {
	var members []Member
	for _, p := range site.Pools {
		members = append(members, p.Members...)
	}
	if len(members) == 1 {
		return members[0].Name
	}
	return ""
}

func (s *Stage) Must(err error) {
	if err != nil {
		s.Fail(err)
	}
}

// Flow is a Poisson stream of requests.
func (s *Stage) Flow(rate float64, over time.Duration, like TimedRequest) []TimedRequest {
	return Shots(Poisson(s.Rand, rate, over), like)
}

// Vary is a value between two bounds, by the seed.
func (s *Stage) Vary(low, high time.Duration) time.Duration {
	return peers.Between(low, high)(s.Rand)
}

// Settle waits for what After has under way, and calls off the rest.
func (s *Stage) Settle() {
	for _, wait := range s.wait {
		wait()
	}
	s.wait = nil
}

// Close takes the stage down; what the gateway has recorded is on disk afterwards.
func (s *Stage) Close() {
	s.Settle()
	if s.Gateway != nil {
		s.Must(s.Gateway.Close())
	}
	for i := len(s.ends) - 1; i >= 0; i-- {
		s.ends[i]()
	}
}

// Members names servers as a document does: addresses in a private network, and where they really are.
func Members(addrs ...string) []Member {
	var out []Member
	for i, addr := range addrs {
		out = append(out, Member{Name: MemberName(i), Dial: addr})
	}
	return out
}

func MemberName(i int) string { return fmt.Sprintf("10.1.0.%d", 4+i) }

func Addrs(peers []*peers.Peer) []string {
	var out []string
	for _, p := range peers {
		out = append(out, p.Addr())
	}
	return out
}

// QuickProbe judges as fast as probes can: a second between two of them, three failures.
func QuickProbe() *Probe { return &Probe{Path: "/health", Interval: 1, Timeout: 1, Threshold: 3} }
