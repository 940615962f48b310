// Package backend knows the servers behind the gateway: pools and their members, which of them are healthy, which one
// is next, and how the gateway connects to them.
package backend

import (
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"causeway/internal/gateway"
)

// Key identifies a member across configurations: while it stays the same, health and connections are kept.
type Key struct {
	Pool, Settings string
	Name           string         // as the document names it
	Addr           netip.AddrPort // that is dialled; invalid while unknown
	Protocol       string         // Http, Https
}

// Member is one server of a pool under one backend settings object. One that has no address yet is a member too: its
// health says why.
type Member struct {
	Key

	up   atomic.Bool  // as probes see it
	hint atomic.Int64 // nanoseconds: idle limit that the server last announced; 0: none

	active atomic.Int32 // attempts in progress

	heldUntil atomic.Pointer[time.Time]
	ejection  ejection

	mu    sync.Mutex
	state State
	trail []string
}

// State is what probes know of a member.
type State struct {
	Probed    bool // at least once
	Up        bool
	Reason    string    // word of the backend-health vocabulary; empty when up
	Code      string    // what exactly: errno or "timeout", status, TLS alert, OpenSSL code; empty: the reason says all
	Detail    string    // sentence for people
	Received  int       // status of the last probe; 0: none
	Failures  int       // consecutive
	Since     time.Time // the last change of Up
	LastProbe time.Time
	Passed    time.Time // the last probe that succeeded; zero: none did
	Unjudged  time.Time // since when no probe could be judged, because the gateway itself stood still; zero: the last one was judged
}

// maxTrail is how many changes of health are kept.
const maxTrail = 64

// Up reports whether the last judgement of the probes was good. A member is down until its first success.
func (m *Member) Up() bool { return m.up.Load() }

// Hint returns the idle limit that the server last announced with Keep-Alive: timeout; 0: none.
func (m *Member) Hint() time.Duration { return time.Duration(m.hint.Load()) }

// SetHint keeps an announced idle limit.
func (m *Member) SetHint(d time.Duration) {
	if m.hint.Load() != int64(d) {
		m.hint.Store(int64(d))
	}
}

// Begin counts one more attempt and returns how many others are in progress.
func (m *Member) Begin() int { return int(m.active.Add(1)) - 1 }

// Done counts one attempt less.
func (m *Member) Done() { m.active.Add(-1) }

// State returns a copy of what probes know.
func (m *Member) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// set stores a judgement and reports whether up or down changed.
func (m *Member) set(s State) (changed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	changed = m.state.Up != s.Up
	s.Since, s.Passed = m.state.Since, m.state.Passed
	if s.Up && s.Failures == 0 {
		s.Passed = s.LastProbe
	}
	if changed || s.Probed && !m.state.Probed {
		s.Since = s.LastProbe
		m.note(s)
	}
	m.state = s
	m.up.Store(s.Up)
	return changed
}

func (m *Member) note(s State) {
	word := "Up"
	if !s.Up {
		word = strings.TrimSpace("Down " + s.Reason + " " + s.Code)
	}
	m.trail = append(m.trail, s.LastProbe.UTC().Format(time.RFC3339Nano)+" "+word)
	if len(m.trail) > maxTrail {
		m.trail = m.trail[len(m.trail)-maxTrail:]
	}
}

// health renders the member for the backend-health document.
func (m *Member) health() gateway.ServerHealth {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.state
	h := gateway.ServerHealth{Address: m.Name, Health: "Down", Detail: s.Detail, Causeway: &gateway.HealthEvidence{
		Reason: s.Reason, Failures: s.Failures, IdleHint: m.Hint().Seconds(), Received: s.Received,
		Transitions: append([]string(nil), m.trail...), Ejections: m.Ejections(),
	}}
	if until := m.heldUntil.Load(); until != nil && m.Held(time.Now()) {
		h.Causeway.HeldUntil = stamp(*until)
		h.Detail = strings.TrimSpace(sentence(h.Detail) + " Held back until " + h.Causeway.HeldUntil + " after " +
			strconv.Itoa(ejectAfter) + " requests in a row failed at it (passiveEjection).")
	}
	if !s.Unjudged.IsZero() {
		h.Causeway.Unjudged = stamp(s.Unjudged)
		h.Detail = strings.TrimSpace(sentence(h.Detail) + " No probe could be judged since " + h.Causeway.Unjudged +
			": the gateway's own process stood still while it waited for the answer (gateway_stalled), so the member keeps its state.")
	}
	switch {
	case s.Up:
		h.Health = "Up"
	case !s.Probed || !m.Addr.IsValid():
		h.Health = "Unknown"
	}
	if !s.Probed && h.Detail == "" {
		h.Detail = "the first probe has not come back yet"
	}
	if m.Addr.IsValid() {
		h.Causeway.Dial = m.Addr.String()
	}
	if s.Probed {
		h.Causeway.Since, h.Causeway.LastProbe = stamp(s.Since), stamp(s.LastProbe)
	}
	return h
}

// sentence ends a text with a full stop, which Azure's own details lack.
func sentence(text string) string {
	if text == "" || strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
