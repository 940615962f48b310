// Package traffic reads all records once and leaves a Summary: every failure, and of the rest what the analyzers need to
// know. It classifies faults and knows no causes. Once made, a Summary does not change.
package traffic

import (
	"cmp"
	"math"
	"slices"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/health"
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/gateway"
	"causeway/internal/stats"
)

// Summary is what one pass over the records leaves: every failure, and of the rest what the tests need. Its size does not
// grow with the log.
type Summary struct {
	Config       *gateway.Config  // may be nil
	Health       *gateway.Health  // may be nil
	Histories    []health.History // of health
	Local        *gateway.Local   // may be nil
	State        evidence.State
	Metrics      []evidence.Metric
	Activity     []evidence.Activity
	Assumptions  []string                 // that the reading of the records made
	Documented   map[string]time.Duration // request timeout that the document gives, of settings that had another then
	Requests     int
	Sessions     int // of the requests: connections through TCP and TLS listeners
	Failures     int
	Recovers     int
	From, To     time.Time
	Own          int // records with Causeway's object
	Events       []*Event
	Members      map[MemberKey]*MemberStats
	Routes       map[RouteKey]*RouteStats
	Instances    map[string]*Cell         // by instance
	Cells        map[InstanceMember]*Cell // by instance and member
	Exposure     Exposure                 // requests by what they have in common
	Concurrency  map[ConcurrencyKey]*Concurrency
	Timeouts     map[string]time.Duration // request timeout by settings, where the document is known
	Gateways     map[string]*int          // records by resource id
	Excluded     Excluded                 // what is not counted
	Lost         Losses                   // records that the log lacks
	Inspected    Inspections              // by the firewall
	perf         []accesslog.Performance  // of a first-generation gateway
	Line         *TimeSeries              // of time
	Clock        *stats.Clock             // of all timelines but those of cells
	cellClock    *stats.Clock             // of those
	gaps         gapRoom                  // for idle ages, of all members together
	conns        connections              // by instance, member and port
	Sample       Sampler                  // of failures that are too many to be kept
	find         counterCache
	FalseFriends FalseFriends
	back         returnedRequests
	Waits        PlaceWaits
	Nameless     namelessAnswers
	last         lastAnswers // of connections
	Ejected      Ejections
	Names        nameResolver
	V1           int             // records of the first generation
	WAF          stats.Histogram // time that the firewall took
	WAFSlow      int             // requests of which it took most
	connects     connectTimes
	lastID       string
	lastGateway  *int
	Wanted       Query
	AllTime      time.Duration // of answered requests whose time in members is known
	OwnTime      time.Duration // the part of AllTime outside of members
}

// InstanceMember is a cell of the matrix of instances and members.
type InstanceMember struct{ Instance, Member string }

// Cell counts what happened at one place.
type Cell struct {
	number             int   // of its kind, from 1
	latest             int64 // end of an attempt, while the order of rows is not known
	Requests, Failures int
	Answers            *stats.Timeline // nil unless it is the cell of a member
}

func (c *Cell) add(bad bool) {
	if c == nil { // there are too many places
		return
	}
	c.Requests++
	if bad {
		c.Failures++
	}
}

const (
	maxMembers   = 10_000
	maxRoutes    = 10_000
	maxInstances = 1_000
	maxGateways  = 100
	maxPerf      = 125 * 60 * 24 * 31 / 10
)

// NewSummary has read nothing yet, of records that may belong to the document and the health to use.
func NewSummary(use Excluded) *Summary {
	use.Others = map[string]int{}
	c := use.Document
	t := &Summary{
		Excluded: use, Config: c, Health: use.Health, Histories: health.Histories(use.Health),
		Members: map[MemberKey]*MemberStats{}, Routes: map[RouteKey]*RouteStats{}, Instances: map[string]*Cell{},
		Cells: map[InstanceMember]*Cell{}, Concurrency: map[ConcurrencyKey]*Concurrency{},
		Timeouts: map[string]time.Duration{}, Gateways: map[string]*int{},
		Line: newTimeSeries(), Clock: stats.NewClock(), cellClock: stats.NewClock(),
		gaps: gapRoom{most: maxAllGaps}, Sample: Sampler{Most: maxEvents},
		Names:    newNameResolver(c),
		Exposure: Exposure{Cells: map[ExposureKey]*Exposed{}, Clients: map[ClientRoute]int{}},
	}
	if c != nil {
		for _, s := range c.Settings {
			t.Timeouts[s.Name] = time.Duration(s.RequestTimeout) * time.Second
		}
	}
	return t
}

// Read takes in all rows.
func (s *Summary) Read(b *evidence.Bundle, o Options) error {
	err := b.EachRow(evidence.Rows{
		Without: s.without(),
		Access: func(r *accesslog.Record, own bool) {
			if !own {
				beginOf(r)
			}
			if !own && internal(r) || !s.Excluded.takes(r, o) {
				return
			}
			s.add(r, own)
		},
		Performance: func(p *accesslog.Performance) {
			if o.holds(p.At) && len(s.perf) < maxPerf {
				s.perf = append(s.perf, *p)
			}
		},
		Lost: func(l accesslog.Lost) { s.Lost.see(l, o, &s.Excluded) },
		Firewall: func(f *accesslog.Firewall) {
			if o.holds(f.At) {
				s.Inspected.see(f)
			}
		},
	})
	// Some metrics and activity stand in rows, so they are complete only now.
	s.State, s.Metrics, s.Activity = b.State, b.Metrics, b.Activity
	if s.Config != nil { // what is beside a document is of its gateway
		s.Local = b.Local
	}
	s.follow()
	s.conns.trace(true)
	s.Clock.Sort()
	s.cellClock.Sort()
	s.Events = s.Sample.kept()
	slices.SortStableFunc(s.Events, func(a, b *Event) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	s.settle()
	return err
}

// settle judges single records again in the light of all: what they prove depends on what this log writes elsewhere. After
// it nothing changes any more.
func (s *Summary) settle() {
	s.untried()
	s.doubtUnhealthy()
	s.correctTimeouts()
	s.judgeEchoes()
	s.unconnected()
	s.rebuilt()
}

// without drops the texts that only the record to be explained needs.
func (s *Summary) without() accesslog.Fields {
	if s.Wanted.any() {
		return 0
	}
	return accesslog.FieldsOf(accesslog.OriginalURI, accesslog.Query)
}

// internal reports whether a record is of Azure's own process in the gateway, which is no traffic.
func internal(r *accesslog.Record) bool {
	a := r.Client.Addr()
	return a.Is4() && a.As4() == [4]byte{127, 0, 0, 1}
}

func (s *Summary) add(r *accesslog.Record, own bool) {
	if !own {
		disown(r)
	}
	s.Requests++
	s.Names.resolve(r)
	if own {
		s.Own++
	}
	if r.V1 {
		s.V1++
	}
	s.gateway(r.ResourceID)
	s.stretch(r)
	if r.Session {
		s.session(r)
		return
	}
	f, bad := s.failed(r, own)
	inMembers := s.attempts(r, own)
	if own {
		s.back.returns(r, s.lastGateway, func(a *accesslog.Attempt) *MemberStats { return s.place(r, a).counts })
	}
	s.FalseFriends.see(r)
	if own {
		s.Waits.see(r)
		s.Ejected.see(r, bad)
	}
	s.count(r, inMembers, bad)
	s.seeNameless(r, own, bad)
	e := s.failure(r, own, f, bad)
	s.expose(r, e, bad)
	s.take(r, own, e)
}

// take keeps the event of a record, if anything failed.
func (s *Summary) take(r *accesslog.Record, own bool, e *Event) {
	s.Wanted.see(r, own, e)
	if e != nil {
		s.Sample.add(e)
	}
}

// failure counts what failed of a record: the request, or an attempt that a retry hid.
func (s *Summary) failure(r *accesslog.Record, own bool, f fault.Fault, bad bool) *Event {
	if bad {
		s.Failures++
		return s.newEvent(r, own, len(r.Attempts)-1, f, true)
	}
	for i := range r.Attempts {
		f := r.Attempts[i].Fault
		if !own && i < len(r.Attempts)-1 && r.Attempts[i].Status == 0 {
			f = s.hidden(r, &r.Attempts[i])
		}
		if !f.None() {
			s.Recovers++
			return s.newEvent(r, own, i, f, false) // one event for one request
		}
	}
	return nil
}

// gateway counts the records of a gateway: those of several may be among the evidence.
func (s *Summary) gateway(id string) {
	if s.lastGateway == nil || s.lastID != id {
		if s.lastGateway = s.Gateways[id]; s.lastGateway == nil {
			if s.lastGateway = new(int); len(s.Gateways) < maxGateways {
				s.Gateways[id] = s.lastGateway
			}
		}
		s.lastID = id
	}
	*s.lastGateway++
}

func (s *Summary) stretch(r *accesslog.Record) {
	if s.From.IsZero() || r.Start.Before(s.From) {
		s.From = r.Start
	}
	if end := endOf(r); end.After(s.To) {
		s.To = end
	}
}

// attempts counts what each member did, and returns the time that members took.
func (s *Summary) attempts(r *accesslog.Record, own bool) (inMembers time.Duration) {
	route := s.routeOf(r)
	began := s.conns.begins(r)
	for i := range r.Attempts {
		a := &r.Attempts[i]
		p := s.place(r, a)
		if !own {
			s.connects.see(a)
		}
		later := false
		if !own && p.cells != nil {
			begin := began + int64(inMembers)
			end := begin + int64(max(0, a.Total))
			if i == len(r.Attempts)-1 {
				end = endOf(r).UnixNano()
			}
			later = s.conns.see(i, a, p.cells, p.counts, begin, end)
		}
		if own && p.work != nil {
			p.work.see(r, a)
		}
		if own {
			s.last.see(i, a, p.cells, route)
		}
		s.attempt(r, a, p.counts, route, later)
		if a.Status > 0 && p.cells != nil {
			p.cells.Answers.Add(endOf(r))
		}
		if a.Total >= 0 {
			inMembers += a.Total
		} else if wait, ok := waitOf(r, a); ok {
			inMembers += wait
		}
	}
	return inMembers
}

// count adds a request to the time line and to the matrix.
func (s *Summary) count(r *accesslog.Record, inMembers time.Duration, bad bool) {
	m := s.Line.at(r.Start)
	m.Requests++
	m.busy += inMembers
	m.Sent += r.Sent
	if r.ClientUses == 1 || r.ClientUses == 0 && !r.V1 {
		m.client(r)
	}
	if bad {
		m.Failures++
	} else if len(r.Attempts) > 0 && (!r.V1 || inOneFlight(r)) {
		m.Answered++
		m.Waited += inMembers
		log := math.Log(float64(max(inMembers, time.Millisecond)))
		m.logs, m.squares = m.logs+log, m.squares+log*log
		m.Own += max(0, r.Taken-inMembers)
		if timed(r) {
			s.AllTime += r.Taken
			s.OwnTime += max(0, r.Taken-inMembers)
		}
	}
	if r.WAFTime > 0 {
		s.WAF.Add(r.WAFTime)
		if 2*r.WAFTime > r.Taken && r.WAFTime > 100*time.Millisecond {
			s.WAFSlow++
		}
	}
	s.cell(r, bad)
}

// client adds a request that came on a new connection.
func (b *Bucket) client(r *accesslog.Record) {
	b.Clients++
	if f := &r.Fault; f.Side == fault.Client && (f.Kind == fault.Closed || f.Kind == fault.Reset) {
		b.InVain = max(b.InVain, r.Taken)
	} else {
		b.Served++
	}
}

// timed reports whether the time that members took is known. Logs of the first generation do not have it.
func timed(r *accesslog.Record) bool {
	return !slices.ContainsFunc(r.Attempts, func(a accesslog.Attempt) bool { return a.Total < 0 })
}

func (s *Summary) cell(r *accesslog.Record, bad bool) {
	if r.Instance == "" {
		return
	}
	var instances, cells *Cell
	if n := len(r.Attempts); n > 0 {
		p := s.place(r, &r.Attempts[n-1])
		instances, cells = p.instances, p.cells
	} else {
		instances, cells = at(s.Instances, r.Instance), at(s.Cells, InstanceMember{Instance: r.Instance})
	}
	instances.add(bad)
	cells.add(bad)
}

// cellOf is the cell of an instance and a member; nil if there are too many.
func (s *Summary) cellOf(k InstanceMember) *Cell {
	c := at(s.Cells, k)
	if c != nil && c.Answers == nil {
		c.Answers = s.cellClock.NewTimeline()
	}
	return c
}

// at is the cell of a key, made if there is room.
func at[K comparable](cells map[K]*Cell, k K) *Cell {
	c := cells[k]
	if c == nil && len(cells) < maxInstances {
		c = &Cell{number: len(cells) + 1}
		cells[k] = c
	}
	return c
}

// attempt counts one member's part. later: what its connection was is not known yet.
func (s *Summary) attempt(r *accesslog.Record, a *accesslog.Attempt, m *MemberStats, route *RouteStats, later bool) {
	m.Shared = m.Shared || m.Attempts > 0 && (m.Pool != r.Pool || m.Gateway != s.lastGateway)
	m.Attempts++
	m.Pool, m.Gateway = r.Pool, s.lastGateway
	m.Tried.Add(r.Start)
	if a.Hint > 0 {
		m.Hint = a.Hint
	}
	if a.Connect > 0 {
		m.Connect.Add(a.Connect)
	}
	switch {
	case a.Status > 0:
		m.answer(r, a, later)
		route.answer(r, a, s.Timeouts[r.Settings])
	case !a.Fault.None() || r.Status >= 500:
		route.Broken++
	}
	if route.Tried.Add(r.Start); route.Rule == "" {
		route.Rule = r.Rule
	}
	wait, timed := waitOf(r, a)
	m.Mix.add(route, wait, a.Status > 0 && timed)
	s.gap(m, a)
}

// MemberOf is the member as the document names it, else its address.
func MemberOf(a *accesslog.Attempt) string {
	if a.Member == "" && a.Server.IsValid() {
		return a.Server.Addr().String()
	}
	return a.Member
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
func (s *Summary) gap(m *MemberStats, a *accesslog.Attempt) {
	switch {
	case a.Reused && a.Status > 0:
		s.gaps.add(&m.Gaps, gapOf(a, Answered))
	case a.Reused:
		s.gaps.add(&m.Gaps, gapOf(a, Broke))
	case a.Stale >= 0:
		s.gaps.add(&m.Gaps, idleGap{Idle: a.Stale, How: Stale})
	}
}

// EnoughAnswers is how many answers it takes to conclude from the absence of slow ones.
const EnoughAnswers = 20

// Quiet is how long a member may be silent within one outage while no request needs an answer.
const Quiet = 2 * time.Second
