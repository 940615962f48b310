package diagnose

import (
	"cmp"
	"slices"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/gateway"
)

// tally is what one pass over the records leaves: every failure, and of the rest what the tests need. Its size does not
// grow with the log.
type tally struct {
	config      *gateway.Config // may be nil
	health      *gateway.Health // may be nil
	trails      []trail         // of health
	local       *gateway.Local  // may be nil
	state       evidence.State
	metrics     []evidence.Metric
	activity    []evidence.Activity
	assumptions []string                 // that the reading of the records made
	documented  map[string]time.Duration // request timeout that the document gives, of settings that had another then
	requests    int
	sessions    int // of the requests: connections through TCP and TLS listeners
	failures    int
	recovers    int
	from, to    time.Time
	own         int // records with Causeway's object
	events      []*event
	members     map[memberKey]*memberTally
	routes      map[routeKey]*routeTally
	instances   map[string]*cell         // by instance
	cells       map[instanceMember]*cell // by instance and member
	works       map[workPlace]*work
	timeouts    map[string]time.Duration // request timeout by settings, where the document is known
	gateways    map[string]*int          // records by resource id
	left        leftOut                  // what is not counted
	lost        losses                   // records that the log lacks
	inspected   inspections              // by the firewall
	perf        []accesslog.Performance  // of a first-generation gateway
	line        *series                  // of time
	clock       *clock                   //
	gaps        gapRoom                  //
	conns       connections              //
	sample      sampler                  // of failures that are too many to be kept
	find        finder
	aside       asides
	back        comingBack
	waits       waits
	nameless    namelessAnswers
	last        lastAnswers // of connections
	ejected     ejections
	names       names
	v1          int       // records of the first generation
	waf         histogram // time that the firewall took
	wafSlow     int       // requests of which it took most
	lastID      string
	lastGateway *int
	wanted      wanted
	allTime     time.Duration // of answered requests whose time in members is known
	ownTime     time.Duration // of these, outside of members
}

// memberTally is what is known of a member's traffic.
type memberTally struct {
	pool          string // that it was last asked for
	gateway       *int   // that last asked
	attempts      int
	answered      int // attempts with a status
	errors        int // of these, 5xx
	looped        int // attempts that came back as requests to the gateway itself
	gaps          gaps
	tried         *ticks // attempts
	answers       *ticks
	fresh         *ticks        // answers on connections that were new
	waits         histogram     // request sent to first byte, of answered attempts
	connect       histogram     // connections made
	hint          time.Duration // idle limit announced, last seen; Unset: none
	mostUses      int           // of a connection when an attempt on it was answered
	oldest        time.Duration // connection on which an attempt was answered, at its end
	longest       time.Duration // idle age of a connection on which an attempt was answered
	mix           mix
	headsAnswered int   // answers to requests that have no body
	longestHead   int64 // bytes of the longest of these
	shared        bool  // several pools or gateways asked it: no other member is its equal
}

// routeKey is a kind of request under settings: a method and a path template.
type routeKey struct{ settings, method, path string }

// routeTally is how long a route's answers take.
type routeTally struct {
	answered int
	notFound int // answers 404
	broken   int // attempts that ended without an answer
	waits    histogram
	answers  *ticks
	tried    *ticks // when attempts were asked for
	slow     *ticks // of these, answers in the last third before the request timeout
	pool     string
	rule     string // that led there first
	method   string // with path, the kind of request
	path     string
	after    afterwards // what became of connections after its answers
}

// slowest answer of the route.
func (r *routeTally) slowest() time.Duration { return r.waits.most }

// lastThird is how many answers came between two thirds of a limit and the limit.
func (r *routeTally) lastThird(limit time.Duration) int {
	if limit == 0 {
		return 0
	}
	return r.waits.between(limit*2/3, max(limit, r.waits.most))
}

type instanceMember struct{ instance, member string }

// cell counts what happened at one place.
type cell struct {
	number             int // of its kind, from 1
	requests, failures int
}

func (c *cell) add(bad bool) {
	if c == nil { // there are too many places
		return
	}
	c.requests++
	if bad {
		c.failures++
	}
}

const (
	maxMembers   = 10_000
	maxRoutes    = 10_000
	maxInstances = 1_000
	maxGateways  = 100
	maxPerf      = 125 * 60 * 24 * 31 / 10
)

// newTally is a tally that has read nothing, of records that may belong to the document and the health to use.
func newTally(use leftOut) *tally {
	use.others = map[string]int{}
	c := use.document
	t := &tally{
		left: use, config: c, health: use.health, trails: trailsOf(use.health),
		members: map[memberKey]*memberTally{}, routes: map[routeKey]*routeTally{}, instances: map[string]*cell{}, cells: map[instanceMember]*cell{}, works: map[workPlace]*work{},
		timeouts: map[string]time.Duration{}, gateways: map[string]*int{},
		line: newSeries(), clock: newClock(), gaps: gapRoom{most: maxAllGaps}, sample: sampler{most: maxEvents}, names: newNames(c),
	}
	if c != nil {
		for _, s := range c.Settings {
			t.timeouts[s.Name] = time.Duration(s.RequestTimeout) * time.Second
		}
	}
	return t
}

// read takes in all rows.
func (t *tally) read(b *evidence.Bundle, o Options) error {
	err := b.EachRow(evidence.Rows{
		Without: t.without(),
		Access: func(r *accesslog.Record, own bool) {
			if !own && internal(r) || !t.left.takes(r, o) {
				return
			}
			t.add(r, own)
		},
		Performance: func(p *accesslog.Performance) {
			if o.holds(p.At) && len(t.perf) < maxPerf {
				t.perf = append(t.perf, *p)
			}
		},
		Lost: func(l accesslog.Lost) { t.lost.see(l, o, &t.left) },
		Firewall: func(f *accesslog.Firewall) {
			if o.holds(f.At) {
				t.inspected.see(f)
			}
		},
	})
	// Some metrics and activity stand in rows, so they are complete only now.
	t.state, t.metrics, t.activity = b.State, b.Metrics, b.Activity
	if t.config != nil { // what is beside a document is of its gateway
		t.local = b.Local
	}
	t.clock.sort()
	t.events = t.sample.kept()
	slices.SortStableFunc(t.events, func(a, b *event) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	t.settle()
	return err
}

// settle reads single records again in the light of all: what they prove depends on what this log writes elsewhere. After
// it nothing changes any more.
func (t *tally) settle() {
	t.neverAsked()
	t.doubtUnhealthy()
	t.correctTimeouts()
	t.judgeEchoes()
}

// without are the texts that only one record is asked for: the one that is looked for, if there is one.
func (t *tally) without() accesslog.Fields {
	if t.wanted.any() {
		return 0
	}
	return accesslog.FieldsOf(accesslog.OriginalURI, accesslog.Query)
}

// internal reports whether a record is of Azure's own process in the gateway, which is no traffic.
func internal(r *accesslog.Record) bool {
	a := r.Client.Addr()
	return a.Is4() && a.As4() == [4]byte{127, 0, 0, 1}
}

func (t *tally) add(r *accesslog.Record, own bool) {
	if !own {
		disown(r)
	}
	t.requests++
	t.names.give(r)
	if own {
		t.own++
	}
	if r.V1 {
		t.v1++
	}
	t.gateway(r.ResourceID)
	t.stretch(r)
	if r.Session {
		t.session(r)
		return
	}
	f, bad := t.failed(r, own)
	inMembers := t.attempts(r, own)
	if own {
		t.back.returns(r, t.lastGateway, func(a *accesslog.Attempt) *memberTally { return t.place(r, a).counts })
	}
	t.aside.see(r)
	if own {
		t.waits.see(r)
		t.ejected.see(r, bad)
	}
	t.count(r, inMembers, bad)
	t.seeNameless(r, own, bad)
	t.take(r, own, t.failure(r, own, f, bad))
}

// take keeps what failed of a record, if anything did.
func (t *tally) take(r *accesslog.Record, own bool, e *event) {
	t.wanted.see(r, own, e)
	if e != nil {
		t.sample.add(e)
	}
}

// failure counts what failed of a record: the request, or an attempt that a retry hid.
func (t *tally) failure(r *accesslog.Record, own bool, f fault.Fault, bad bool) *event {
	if bad {
		t.failures++
		return t.newEvent(r, own, len(r.Attempts)-1, f, true)
	}
	for i := range r.Attempts {
		f := r.Attempts[i].Fault
		if !own && i < len(r.Attempts)-1 && r.Attempts[i].Status == 0 {
			f = t.hidden(r, &r.Attempts[i])
		}
		if !f.None() {
			t.recovers++
			return t.newEvent(r, own, i, f, false) // one event for one request
		}
	}
	return nil
}

// gateway counts the records of a gateway: those of several may be among the evidence.
func (t *tally) gateway(id string) {
	if t.lastGateway == nil || t.lastID != id {
		if t.lastGateway = t.gateways[id]; t.lastGateway == nil {
			if t.lastGateway = new(int); len(t.gateways) < maxGateways {
				t.gateways[id] = t.lastGateway
			}
		}
		t.lastID = id
	}
	*t.lastGateway++
}

func (t *tally) stretch(r *accesslog.Record) {
	if t.from.IsZero() || r.Start.Before(t.from) {
		t.from = r.Start
	}
	if end := r.Start.Add(r.Taken); end.After(t.to) {
		t.to = end
	}
}

// attempts counts what each member did, and returns the time that members took.
func (t *tally) attempts(r *accesslog.Record, own bool) (inMembers time.Duration) {
	route := t.routeOf(r)
	for i := range r.Attempts {
		a := &r.Attempts[i]
		p := t.place(r, a)
		if !own && p.cells != nil {
			t.conns.see(r, a, p.cells)
		}
		if own && p.work != nil {
			p.work.see(r, a)
		}
		if own {
			t.last.see(i, a, p.cells, route)
		}
		t.attempt(r, a, p.counts, route)
		if a.Total >= 0 {
			inMembers += a.Total
		} else if wait, ok := waitOf(r, a); ok {
			inMembers += wait
		}
	}
	return inMembers
}

// count adds a request to the time line and to the matrix.
func (t *tally) count(r *accesslog.Record, inMembers time.Duration, bad bool) {
	m := t.line.at(r.Start)
	m.requests++
	m.busy += inMembers
	m.sent += r.Sent
	if r.ClientUses <= 1 {
		m.clients++
	}
	if bad {
		m.failures++
	} else if len(r.Attempts) > 0 && (!r.V1 || inOneFlight(r)) {
		m.answered++
		m.waited += inMembers
		m.own += max(0, r.Taken-inMembers)
		if timed(r) {
			t.allTime += r.Taken
			t.ownTime += max(0, r.Taken-inMembers)
		}
	}
	if r.WAFTime > 0 {
		t.waf.add(r.WAFTime)
		if 2*r.WAFTime > r.Taken && r.WAFTime > 100*time.Millisecond {
			t.wafSlow++
		}
	}
	t.cell(r, bad)
}

// timed reports whether the time that members took is known. Logs of the first generation do not have it.
func timed(r *accesslog.Record) bool {
	return !slices.ContainsFunc(r.Attempts, func(a accesslog.Attempt) bool { return a.Total < 0 })
}

func (t *tally) cell(r *accesslog.Record, bad bool) {
	if r.Instance == "" {
		return
	}
	var instances, cells *cell
	if n := len(r.Attempts); n > 0 {
		p := t.place(r, &r.Attempts[n-1])
		instances, cells = p.instances, p.cells
	} else {
		instances, cells = at(t.instances, r.Instance), at(t.cells, instanceMember{instance: r.Instance})
	}
	instances.add(bad)
	cells.add(bad)
}

// at is the cell of a key, made if there is room.
func at[K comparable](cells map[K]*cell, k K) *cell {
	c := cells[k]
	if c == nil && len(cells) < maxInstances {
		c = &cell{number: len(cells) + 1}
		cells[k] = c
	}
	return c
}

// attempt counts one member's part.
func (t *tally) attempt(r *accesslog.Record, a *accesslog.Attempt, m *memberTally, route *routeTally) {
	m.shared = m.shared || m.attempts > 0 && (m.pool != r.Pool || m.gateway != t.lastGateway)
	m.attempts++
	m.pool, m.gateway = r.Pool, t.lastGateway
	m.tried.add(r.Start)
	if a.Hint > 0 {
		m.hint = a.Hint
	}
	if a.Connect > 0 {
		m.connect.add(a.Connect)
	}
	switch {
	case a.Status > 0:
		m.answer(r, a)
		route.answer(r, a, t.timeouts[r.Settings])
	case !a.Fault.None() || r.Status >= 500:
		route.broken++
	}
	if route.tried.add(r.Start); route.rule == "" {
		route.rule = r.Rule
	}
	wait, timed := waitOf(r, a)
	m.mix.add(route, wait, a.Status > 0 && timed)
	t.gap(m, a)
}

// memberOf is the member as the document names it, else its address.
func memberOf(a *accesslog.Attempt) string {
	if a.Member == "" && a.Server.IsValid() {
		return a.Server.Addr().String()
	}
	return a.Member
}

func (m *memberTally) answer(r *accesslog.Record, a *accesslog.Attempt) {
	m.answered++
	if a.Status >= 500 {
		m.errors++
	}
	m.seeHead(r)
	end := r.Start.Add(r.Taken)
	m.answers.add(end)
	if !a.Reused {
		m.fresh.add(end)
	} else {
		m.mostUses = max(m.mostUses, a.Uses)
		m.oldest = max(m.oldest, a.Age+max(a.Total, 0))
		m.longest = max(m.longest, a.Idle)
	}
	if wait, ok := waitOf(r, a); ok {
		m.waits.add(wait)
	}
}

// inOneFlight reports whether a request and its answer are so small that a connection carries them at once: nobody waited for
// the client then.
func inOneFlight(r *accesslog.Record) bool { return r.Received+r.Sent <= 14_600 }

// waitOf is how long an answer took: to its first byte where that is known.
func waitOf(r *accesslog.Record, a *accesslog.Attempt) (time.Duration, bool) {
	switch {
	case a.Wait >= 0:
		return a.Wait, true
	case a.HeaderTime > 0:
		return a.HeaderTime, true
	case a.Total >= 0:
		return a.Total, true
	case r.V1 && inOneFlight(r): // of more, the client's time would be in it
		return r.Taken, true
	}
	return 0, false
}

// gap keeps the idle age of the connection that an attempt had.
func (t *tally) gap(m *memberTally, a *accesslog.Attempt) {
	switch {
	case a.Reused && a.Status > 0:
		t.gaps.add(&m.gaps, a.Idle, answered)
	case a.Reused:
		t.gaps.add(&m.gaps, a.Idle, broke)
	case a.Stale >= 0:
		t.gaps.add(&m.gaps, a.Stale, stale)
	}
}

// answer counts an answer of a route, under a request timeout; 0 if that is not known.
func (route *routeTally) answer(r *accesslog.Record, a *accesslog.Attempt, limit time.Duration) {
	route.answered++
	if a.Status == 404 {
		route.notFound++
	}
	route.answers.add(r.Start.Add(r.Taken))
	if wait, ok := waitOf(r, a); ok {
		route.waits.add(wait)
		if limit > 0 && wait >= limit*2/3 {
			route.slow.add(r.Start)
		}
	}
	if route.pool == "" {
		route.pool = r.Pool
	}
}

// member returns the tally of a member; beyond maxMembers all further ones of a kind of settings share one.
func (t *tally) member(k memberKey) *memberTally {
	m := t.members[k]
	if m == nil {
		if len(t.members) >= maxMembers {
			k = memberKey{settings: k.settings, member: "(other)"}
			if m = t.members[k]; m != nil {
				return m
			}
		}
		m = &memberTally{hint: accesslog.Unset, tried: t.clock.ticks(), answers: t.clock.ticks(), fresh: t.clock.ticks()}
		t.members[k] = m
	}
	return m
}

// route returns the tally of a route; beyond maxRoutes all further ones share one.
func (t *tally) route(k routeKey) *routeTally {
	r := t.routes[k]
	if r == nil {
		if len(t.routes) >= maxRoutes {
			k.method, k.path = "", "(other)"
			if r = t.routes[k]; r != nil {
				return r
			}
		}
		r = &routeTally{method: k.method, path: k.path, answers: t.clock.ticks(), tried: t.clock.ticks(), slow: t.clock.ticks()}
		t.routes[k] = r
	}
	return r
}
