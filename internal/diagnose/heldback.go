package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/internal/accesslog"
)

// Passive ejection: a member whose connections fail several times in a row gets no requests for a while. The records say which failure
// held it back, and which requests went elsewhere meanwhile.

// ejections are those of all members.
type ejections struct {
	held    map[string]*ejection // by member
	steered int                  // requests that went elsewhere, and were answered at the first attempt
	id      string               // of one of them
}

// ejection is what became of one member.
type ejection struct{ times, passed int }

func (x *ejections) of(member string) *ejection {
	e := x.held[member]
	if e == nil {
		if len(x.held) >= maxMembers {
			return &ejection{}
		}
		if x.held == nil {
			x.held = map[string]*ejection{}
		}
		e = &ejection{}
		x.held[member] = e
	}
	return e
}

// see counts what a record says of members that are held back. bad is whether the request failed.
func (x *ejections) see(r *accesslog.Record, bad bool) {
	hidden := false
	for i := range r.Attempts {
		if a := &r.Attempts[i]; a.Ejected {
			x.of(memberOf(a)).times++
		}
		hidden = hidden || !r.Attempts[i].Fault.None()
	}
	if r.HeldBack == "" {
		return
	}
	x.of(r.HeldBack).passed++
	if bad || hidden || len(r.Attempts) == 0 { // what a retry made good counts as that
		return
	}
	if x.steered++; x.id == "" {
		x.id = idOf(r)
	}
}

// heldBackNotice tells how often members were held back, and what that saved.
func (q *inquiry) heldBackNotice() []Notice {
	times, passed := 0, 0
	var members []string
	for _, m := range sortedKeys(q.ejected.held) {
		e := q.ejected.held[m]
		times, passed = times+e.times, passed+e.passed
		members = append(members, fmt.Sprintf("%s %s", m, count(e.times, "time", "times")))
	}
	if times+passed == 0 {
		return nil
	}
	fact := fmt.Sprintf("members were held back %s after connections to them had failed several times in a row (%s); %s passed them over meanwhile, of which %d went well at another member at once",
		count(times, "time", "times"), someOf(members), count(passed, "request", "requests"), q.ejected.steered)
	if q.ejected.id != "" {
		fact += " (" + q.ejected.id + ")"
	}
	scope := Scope{}
	if len(members) == 1 {
		scope.Member, _, _ = strings.Cut(members[0], " ")
	}
	return []Notice{{Cause: "a-passive-ejection", Scope: scope, Fact: fact, Do: "cure what fails on the member: the findings name it, and it is failing less than it would. Azure holds no member back: there, these requests would have met it"}}
}

// failuresToHold is how many failures in a row hold a member back. There are hardly ever more of them at once, whatever is wrong with it.
const failuresToHold = 3

// wasHeldBack reports whether a member was held back with some of its failures: what would have failed after them went elsewhere.
func wasHeldBack(events []*event) bool {
	return slices.ContainsFunc(events, func(e *event) bool { return e.attempt.Ejected })
}

// enough is how many failures of one member a verdict on it needs.
func enough(events []*event) int {
	if wasHeldBack(events) {
		return failuresToHold
	}
	return minEvents
}

// upByProbe is when a member last answered a probe well, if that was after a time.
func (q *inquiry) upByProbe(e *event, after time.Time) (time.Time, bool) {
	t := q.trailOf(e)
	if t == nil || !t.isUp() || t.now.Causeway == nil || t.now.Causeway.Reason != "" || t.now.Causeway.Failures > 0 { // Up is also who failed too few probes
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, t.now.Causeway.LastProbe)
	return at, err == nil && at.After(after)
}

// heldUntil reports whether a member was held back with some of its failures, and got nothing from then until some time.
func (q *inquiry) heldUntil(k memberKey, events []*event, until time.Time) bool {
	return wasHeldBack(events) && q.member(k).tried.between(lastStart(events).Add(bucket), until) == 0
}
