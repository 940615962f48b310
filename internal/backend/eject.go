package backend

import (
	"sync"
	"sync/atomic"
	"time"
)

// Passive ejection: a member that fails the requests themselves is held back for a while, whatever its probes say.
// Azure has nothing of the kind; nginx calls it max_fails, Envoy outlier detection.
const (
	ejectAfter   = 3                // failures in a row,
	ejectWindow  = 10 * time.Second // the first no longer ago than this
	ejectFirst   = 10 * time.Second // how long the member is held back,
	ejectLongest = 60 * time.Second // doubled each time until an answer comes, up to this
)

// ejection is what requests have found out about a member. Its zero value is a member in good standing.
type ejection struct {
	troubled atomic.Bool // something below is set; written under mu

	mu    sync.Mutex
	fails [ejectAfter]time.Time // the last ones in a row, the oldest first
	hold  time.Duration
	until time.Time
	count int // times it was held back
}

// failed counts a failure and reports whether the member is to be held back now.
func (e *ejection) failed(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.troubled.Store(true)
	copy(e.fails[:], e.fails[1:])
	e.fails[ejectAfter-1] = now
	return !e.fails[0].IsZero() && now.Sub(e.fails[0]) <= ejectWindow && now.After(e.until)
}

// begin holds the member back and returns until when.
func (e *ejection) begin(now time.Time) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hold = min(max(2*e.hold, ejectFirst), ejectLongest)
	e.until, e.fails = now.Add(e.hold), [ejectAfter]time.Time{}
	e.count++
	return e.until
}

// answered clears the member's record: whatever it answered, it is there.
func (e *ejection) answered() {
	e.mu.Lock()
	e.fails, e.hold, e.until = [ejectAfter]time.Time{}, 0, time.Time{}
	e.troubled.Store(false)
	e.mu.Unlock()
}

// Failed notes that a connection to m failed, or closed before any byte of an answer. It reports whether m is held back
// from now on: after three such failures in a row within ten seconds, unless m is the last member that may serve.
func (g *Group) Failed(m *Member, now time.Time) (ejected bool) {
	if !g.Ejects || !m.ejection.failed(now) {
		return false
	}
	g.ejecting.Lock() // one at a time: two members that fail at once must not both be held back
	defer g.ejecting.Unlock()
	if !g.another(m, now) {
		return false
	}
	until := m.ejection.begin(now)
	m.heldUntil.Store(&until)
	return true
}

// another reports whether a member besides m may serve at this time.
func (g *Group) another(m *Member, now time.Time) bool {
	for _, o := range *g.live.Load() {
		if o != m && !o.Held(now) {
			return true
		}
	}
	return false
}

// Answered notes that m answered a request. On a member in good standing it costs one load.
func (m *Member) Answered() {
	if m.ejection.troubled.Load() {
		m.ejection.answered()
		m.heldUntil.Store(nil)
	}
}

// Held reports whether m is held back at this time.
func (m *Member) Held(now time.Time) bool {
	until := m.heldUntil.Load()
	return until != nil && now.Before(*until)
}

// Ejections returns how often m was held back.
func (m *Member) Ejections() int {
	m.ejection.mu.Lock()
	defer m.ejection.mu.Unlock()
	return m.ejection.count
}
