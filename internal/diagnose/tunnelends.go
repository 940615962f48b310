package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"causeway/internal/accesslog"
)

// A tunnel (a WebSocket) ends as a rule with a close of either side. A reset by the member takes what was under way with it: its
// process ended, or something between cut the connection.

// tunnelEnds are those of the tunnels of one member under some settings.
type tunnelEnds struct {
	all    int
	resets int
	id     string      // of one that was reset
	seen   []tunnelEnd // of those that were reset, the first maxTunnelEnds
}

// tunnelEnd is when a tunnel was reset, and how old it was then.
type tunnelEnd struct {
	at  time.Time
	age time.Duration
}

const maxTunnelEnds = 1000

// tunnelPlace is a member under settings.
type tunnelPlace struct{ settings, member string }

func (k tunnelPlace) compare(o tunnelPlace) int {
	return cmp.Or(cmp.Compare(k.settings, o.settings), cmp.Compare(k.member, o.member))
}

// end counts how a tunnel ended.
func (t *tunnelEnds) end(r *accesslog.Record) {
	t.all++
	if r.EndedBy != accesslog.EndMember || r.End != accesslog.EndReset {
		return
	}
	if t.resets++; t.id == "" {
		t.id = idOf(r)
	}
	if len(t.seen) < maxTunnelEnds {
		t.seen = append(t.seen, tunnelEnd{r.Start.Add(r.Taken), r.Taken})
	}
}

// seeEnd counts a tunnel that says how it ended.
func (a *asides) seeEnd(r *accesslog.Record) {
	if r.Status != 101 || r.EndedBy == "" || len(r.Attempts) == 0 {
		return
	}
	k := tunnelPlace{r.Settings, memberOf(&r.Attempts[len(r.Attempts)-1])}
	t := a.ends[k]
	if t == nil {
		if len(a.ends) >= maxAsides {
			return
		}
		if a.ends == nil {
			a.ends = map[tunnelPlace]*tunnelEnds{}
		}
		t = &tunnelEnds{}
		a.ends[k] = t
	}
	t.end(r)
}

// resetTunnels tells the members that reset tunnels.
func (q *inquiry) resetTunnels() (out []Notice) {
	for _, k := range slices.SortedFunc(maps.Keys(q.aside.ends), tunnelPlace.compare) {
		t := q.aside.ends[k]
		if t.resets == 0 {
			continue
		}
		out = append(out, Notice{
			Cause: "c-tunnel-reset", Scope: Scope{Settings: k.settings, Member: k.member},
			Fact: fmt.Sprintf("%s reset %d of %s that it had under %s (%s)%s", k.member, t.resets, count(t.all, "WebSocket", "WebSockets"), named(k.settings, "settings"), t.id, t.pattern()),
			Do:   "look in the member's log, and when its process started, at those times: a process that ends well closes its sessions first",
		})
	}
	return out
}

// pattern is what the resets have in common: a moment, or an age.
func (t *tunnelEnds) pattern() string {
	if len(t.seen) < 3 {
		return ""
	}
	first, last, young, old := t.seen[0].at, t.seen[0].at, t.seen[0].age, t.seen[0].age
	for _, e := range t.seen {
		first, last, young, old = earlier(first, e.at), later(last, e.at), min(young, e.age), max(old, e.age)
	}
	switch {
	case last.Sub(first) <= quiet:
		return ": all at " + stamp(first) + ", as when its process ends"
	case old-young <= tolerance(old):
		return ": each at an age of about " + seconds(old) + ", as a limit of its own, or of something between, would do"
	}
	return fmt.Sprintf(": between %s and %s, at ages from %s to %s", stamp(first), stamp(last), seconds(young), seconds(old))
}
