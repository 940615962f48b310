package probe

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"causeway/internal/backend"
	"causeway/internal/stall"
)

// Prober runs one series of probes for each address under each backend settings object: pools that share both share the
// series, as on Azure.
type Prober struct {
	directory *backend.Directory
	dialer    Dialer
	stalls    Stalls
	ctx       context.Context
	cancel    context.CancelFunc
	excused   atomic.Uint64 // see Excused

	mu         sync.Mutex
	series     map[string]*series // by key
	complained time.Time          // when a line last said that probes cannot be judged
}

// series is the probes of one address. The members that are reached there follow its judgements.
type series struct {
	cancel  context.CancelFunc
	first   chan struct{}     // closed once the first probe was judged, or the series ended
	members []*backend.Member // guarded by Prober.mu,
	heard   time.Time         // like this: when a probe last came back; zero: none has
}

// New starts without series; Follow gives it members. stalls, which may be nil, shows whether a late probe is the
// gateway's own fault.
func New(d *backend.Directory, dialer Dialer, stalls *stall.Detector) *Prober {
	ctx, cancel := context.WithCancel(context.Background())
	return &Prober{directory: d, dialer: dialer, stalls: stalls, ctx: ctx, cancel: cancel, series: map[string]*series{}}
}

// Close stops every series and aborts probes under way; one that still waits for its connection ends later, without effect.
func (p *Prober) Close() { p.cancel() }

// Follow probes exactly the members of these sets: series of members that stay and are probed as before continue, others
// start or stop. Where sets differ in how to probe a member, the last one wins.
func (p *Prober) Follow(v1 bool, sets ...*backend.Set) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wanted := map[*backend.Member]Spec{}
	var order []*backend.Member
	for _, set := range slices.Backward(sets) {
		for _, g := range set.Groups() {
			for _, m := range g.Members() {
				if _, ok := wanted[m]; m.Addr.IsValid() && !ok {
					wanted[m] = SpecOf(g, m, v1)
					order = append(order, m)
				}
			}
		}
	}
	p.release(wanted)
	for _, m := range order {
		p.follow(m, wanted[m])
	}
}

// release takes members out of series that no longer apply to them, and ends series without members.
func (p *Prober) release(wanted map[*backend.Member]Spec) {
	for key, s := range p.series {
		s.members = slices.DeleteFunc(s.members, func(m *backend.Member) bool {
			spec, ok := wanted[m]
			return !ok || spec.key(m) != key
		})
		if len(s.members) == 0 {
			s.cancel()
			delete(p.series, key)
		}
	}
}

// follow adds a member to its series, and starts that if there is none. What the series has found so far holds for a member
// that joins it.
func (p *Prober) follow(m *backend.Member, spec Spec) {
	key := spec.key(m)
	s := p.series[key]
	if s == nil {
		ctx, cancel := context.WithCancel(p.ctx)
		s = &series{cancel: cancel, first: make(chan struct{})}
		p.series[key] = s
		go p.run(ctx, s, spec)
	}
	if slices.Contains(s.members, m) {
		return
	}
	if len(s.members) > 0 {
		if known := s.members[0].State(); known.Probed {
			p.directory.Judge(m, known)
		}
	}
	s.members = append(s.members, m)
}

// Ready waits until every member was probed at least once, or the channel closes. It reports whether all were.
func (p *Prober) Ready(stop <-chan struct{}) bool {
	p.mu.Lock()
	var waits []chan struct{}
	for _, s := range p.series {
		waits = append(waits, s.first)
	}
	p.mu.Unlock()
	for _, w := range waits {
		select {
		case <-w:
		case <-stop:
			return false
		}
	}
	return true
}

func (p *Prober) run(ctx context.Context, s *series, spec Spec) {
	judged := sync.OnceFunc(func() { close(s.first) })
	defer judged()
	var none, quiet silence
	for begun := false; ; {
		quiet.begin()
		r, unheard := p.ask(ctx, s, &spec, quiet.since)
		if ctx.Err() != nil {
			return
		}
		wait := time.Duration(0)
		if unheard {
			if quiet.probes++; quiet.long(&spec) {
				p.giveUp(s, &spec, r)
				wait = spec.Interval
			}
		} else {
			wait = spec.next(p.judge(s, &spec, r, begun))
			begun, quiet = true, none
		}
		if begun || quiet.long(&spec) {
			judged()
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// ask sends a probe. An answer that the gateway heard from another member, once the first of these probes in a row had its timeout, shows
// that it could have heard this member too.
func (p *Prober) ask(ctx context.Context, s *series, spec *Spec, since time.Time) (r Result, unheard bool) {
	wait := newPatience(ctx, p.stalls, spec.Timeout)
	wait.witness = func(since time.Time) bool { return p.heardBesides(s, since) }
	wait.late = func() { p.excuse(s, since) }
	r, unheard = spec.askPatiently(ctx, p.dialer, wait)
	if !r.timedOut() {
		p.hear(s)
	}
	return r, unheard && !p.heardBesides(s, since.Add(spec.Timeout))
}

// hear notes that the gateway has heard an answer.
func (p *Prober) hear(s *series) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.heard = time.Now()
}

// heardBesides reports whether the gateway has heard an answer in another series since then.
func (p *Prober) heardBesides(s *series, since time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, other := range p.series {
		if other != s && !other.heard.Before(since) {
			return true
		}
	}
	return false
}

// silence is a row of probes whose answers the gateway could not hear.
type silence struct {
	since  time.Time // when the gateway sent the first
	probes int       // that have ended
}

// begin notes the time before the first probe of a row.
func (q *silence) begin() {
	if q.probes == 0 {
		q.since = time.Now()
	}
}

// long reports whether the probe was repeated at once often enough. A gateway that hardly runs must not spend that time on
// probes, and whoever waits for the first result must know that there is none.
func (q *silence) long(s *Spec) bool { return q.probes > s.Threshold }

// excuse notes that nobody can judge a probe. The member keeps its state: if members went down because the gateway is busy, its clients
// would get nothing at all.
func (p *Prober) excuse(s *series, since time.Time) {
	p.excused.Add(1)
	p.complain()
	for _, m := range p.membersOf(s) {
		state := m.State()
		state.Unjudged = since
		p.directory.Judge(m, state)
	}
}

// giveUp takes down the members that no probe has judged before: they never passed one.
func (p *Prober) giveUp(s *series, spec *Spec, r Result) {
	for _, m := range p.membersOf(s) {
		old := m.State()
		if old.Probed {
			continue
		}
		state := judge(old, stoodStill(r), spec.Threshold, time.Now())
		state.Unjudged = old.Unjudged
		report(m, state)
		p.directory.Judge(m, state)
	}
}

// complain says now and then that probes cannot be judged.
func (p *Prober) complain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); p.complained.IsZero() || now.Sub(p.complained) >= complainEvery {
		p.complained = now
		slog.Warn("probes cannot be judged: the gateway's own process stands still while it waits for their answers; " +
			"members keep their state. Look at its budget and its machine")
	}
}

const complainEvery = 10 * time.Minute

// Excused returns the number of probes that nobody could judge when their timeout passed, because the gateway's own process stood still.
// It counts each at once, though its answer may still come.
func (p *Prober) Excused() uint64 { return p.excused.Load() }

// judge applies the result of a probe to every member of a series, and returns the state of the first.
func (p *Prober) judge(s *series, spec *Spec, r Result, begun bool) (first backend.State) {
	now := time.Now()
	for i, m := range p.membersOf(s) {
		state := judge(m.State(), r, spec.Threshold, now)
		if p.directory.Judge(m, state) || !begun && !state.Up {
			report(m, state)
		}
		if i == 0 {
			first = state
		}
	}
	return first
}

// membersOf returns the members that follow a series now.
func (p *Prober) membersOf(s *series) []*backend.Member {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(s.members)
}

// stoodStill is a result for which the gateway itself is to blame.
func stoodStill(r Result) Result {
	r.Code = "gateway_stalled"
	r.Detail += " The gateway's own process stood still for a part of that time: look at its machine first."
	return r
}

// next is the time until the next probe. The first generation repeats a failed probe at once, until the member is unhealthy.
func (s *Spec) next(now backend.State) time.Duration {
	if s.V1 && now.Failures > 0 && now.Failures < s.Threshold {
		return min(s.Interval, followUp)
	}
	return s.Interval
}

const followUp = 250 * time.Millisecond

// judge computes the new state of a member: one success heals, threshold failures in a row make it unhealthy, and a
// member that never passed is unhealthy from the first.
func judge(old backend.State, r Result, threshold int, now time.Time) backend.State {
	s := backend.State{Probed: true, LastProbe: now, Received: r.Received, Reason: r.Reason, Code: r.Code, Detail: r.Detail}
	if r.Reason == "" {
		s.Up = true
		return s
	}
	s.Failures = old.Failures + 1
	if old.Up && s.Failures < threshold {
		s.Up, s.Reason = true, ""
		s.Detail = fmt.Sprintf("Still Up: %d of the %d failed probes in a row that make it Down. The last: %s", s.Failures, threshold, r.Detail)
	}
	return s
}

func report(m *backend.Member, s backend.State) {
	if s.Up {
		slog.Info("member is healthy", "pool", m.Pool, "settings", m.Settings, "member", m.Name, "address", m.Addr)
		return
	}
	slog.Warn("member is unhealthy", "pool", m.Pool, "settings", m.Settings, "member", m.Name, "address", m.Addr,
		"reason", s.Reason, "detail", s.Detail)
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
