package diagnose

import (
	"cmp"
	"slices"
	"time"

	"causeway/accesslog"
	"causeway/evidence"
	"causeway/gateway"
)

// tally is what one pass over the records leaves: every failure, and of the rest what the tests need.
type tally struct {
	requests int
	failures int
	recovers int
	from, to time.Time
	own      int // records with Causeway's object
	events   []*event
	members  map[memberKey]*memberTally
	routes   map[routeKey]*routeTally
	timeouts map[string]time.Duration // request timeout by settings

	allTime, gatewayTime time.Duration // of answered requests: in all, and outside of members
}

// memberTally is what is known of a member's traffic.
type memberTally struct {
	attempts int
	answered int   // attempts with a status
	gaps     []gap // idle ages at which connections were picked
	answers  ticks
	fresh    ticks         // answers on connections that were new
	waits    []float32     // seconds from request sent to first byte, of answered attempts, at most maxWaits
	fastest  time.Duration // quickest answer
	connects int           // connections made
	hint     time.Duration // idle limit announced, last seen; Unset: none
	mostUses int           // of a connection when an attempt on it was answered
	oldest   time.Duration // connection on which an attempt was answered, at its end
}

// gap is the idle age of a connection when its turn came.
type gap struct {
	idle time.Duration
	how  outcome
}

type outcome uint8

const (
	answered outcome = iota
	broke            // the attempt on it ended without an answer
	stale            // it was found closed before use
)

// routeKey is a kind of request under settings: a method and a path template.
type routeKey struct{ settings, method, path string }

// routeTally is how long a route's answers take, seen from its request timeout.
type routeTally struct {
	answered  int
	lastThird int // answers between two thirds of the request timeout and the timeout
	broken    int // attempts that ended without an answer
	slowest   time.Duration
	answers   ticks
}

const (
	maxGaps   = 1 << 20 // of a member
	maxWaits  = 1 << 16
	maxRoutes = 10_000
)

func newTally(c *gateway.Config) *tally {
	t := &tally{members: map[memberKey]*memberTally{}, routes: map[routeKey]*routeTally{}, timeouts: map[string]time.Duration{}}
	if c != nil {
		for _, s := range c.Settings {
			t.timeouts[s.Name] = time.Duration(s.RequestTimeout) * time.Second
		}
	}
	return t
}

func (t *tally) read(b *evidence.Bundle, o Options) error {
	err := b.Each(func(r *accesslog.Record, own bool) {
		if !o.Since.IsZero() && r.Start.Before(o.Since) || !o.Until.IsZero() && !r.Start.Before(o.Until) {
			return
		}
		if !own && r.Client.Addr().String() == "127.0.0.1" {
			return // Azure's own internal process
		}
		t.add(r, own)
	})
	for _, m := range t.members {
		m.answers.sort()
		m.fresh.sort()
	}
	for _, r := range t.routes {
		r.answers.sort()
	}
	slices.SortStableFunc(t.events, func(a, b *event) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	return err
}

func (t *tally) add(r *accesslog.Record, own bool) {
	t.requests++
	if own {
		t.own++
	}
	if t.from.IsZero() || r.Start.Before(t.from) {
		t.from = r.Start
	}
	if end := r.Start.Add(r.Taken); end.After(t.to) {
		t.to = end
	}
	inMembers := time.Duration(0)
	for i := range r.Attempts {
		t.attempt(r, &r.Attempts[i])
		inMembers += max(0, r.Attempts[i].Total)
	}
	t.allTime += r.Taken
	t.gatewayTime += max(0, r.Taken-inMembers)
	if f, bad := failed(r, own); bad {
		t.failures++
		t.events = append(t.events, newEvent(r, own, len(r.Attempts)-1, f, true))
		return
	}
	for i := range r.Attempts {
		if f := r.Attempts[i].Fault; !f.None() {
			t.recovers++
			t.events = append(t.events, newEvent(r, own, i, f, false))
			return // one event for one request
		}
	}
}

// attempt counts one member's part.
func (t *tally) attempt(r *accesslog.Record, a *accesslog.Attempt) {
	e := event{settings: r.Settings, member: a.Member, server: a.Server}
	if e.member == "" && a.Server.IsValid() {
		e.member = a.Server.Addr().String()
	}
	m := t.member(e.key())
	m.attempts++
	if a.Hint > 0 {
		m.hint = a.Hint
	}
	if a.Connect >= 0 {
		m.connects++
	}
	route := t.route(routeKey{r.Settings, string(r.Method), template(string(r.URI))})
	if a.Status > 0 {
		m.answer(r, a)
		t.answer(route, r, a)
	} else if !a.Fault.None() {
		route.broken++
	}
	m.gap(a)
}

func (m *memberTally) answer(r *accesslog.Record, a *accesslog.Attempt) {
	m.answered++
	at := r.Start.Add(r.Taken)
	m.answers.add(at)
	if !a.Reused {
		m.fresh.add(at)
	} else {
		m.mostUses = max(m.mostUses, a.Uses)
		m.oldest = max(m.oldest, a.Age+max(a.Total, 0))
	}
	if a.Wait >= 0 {
		if len(m.waits) < maxWaits {
			m.waits = append(m.waits, float32(a.Wait.Seconds()))
		}
		if m.fastest == 0 || a.Wait < m.fastest {
			m.fastest = a.Wait
		}
	}
}

func (m *memberTally) gap(a *accesslog.Attempt) {
	if len(m.gaps) >= maxGaps {
		return
	}
	switch {
	case a.Reused && a.Status > 0:
		m.gaps = append(m.gaps, gap{a.Idle, answered})
	case a.Reused:
		m.gaps = append(m.gaps, gap{a.Idle, broke})
	case a.Stale >= 0:
		m.gaps = append(m.gaps, gap{a.Stale, stale})
	}
}

// answer counts an answer of a route.
func (t *tally) answer(route *routeTally, r *accesslog.Record, a *accesslog.Attempt) {
	route.answered++
	route.answers.add(r.Start.Add(r.Taken))
	took := max(a.Wait, 0)
	if a.Wait < 0 {
		took = max(a.Total, 0)
	}
	route.slowest = max(route.slowest, took)
	if limit := t.timeouts[r.Settings]; limit > 0 && took > limit*2/3 {
		route.lastThird++
	}
}

func (t *tally) member(k memberKey) *memberTally {
	m := t.members[k]
	if m == nil {
		m = &memberTally{hint: accesslog.Unset}
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
		r = &routeTally{}
		t.routes[k] = r
	}
	return r
}
