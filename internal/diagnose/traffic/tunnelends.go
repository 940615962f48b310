package traffic

import (
	"cmp"
	"time"

	"causeway/internal/accesslog"
)

// A tunnel (a WebSocket) ends as a rule with a close of either side. A reset by the member takes what was under way with it: its
// process ended, or something between cut the connection.

// TunnelEnds are those of the tunnels of one member under some settings.
type TunnelEnds struct {
	All    int
	Resets int
	ID     string      // of one that was reset
	Seen   []tunnelEnd // of those that were reset, the first maxTunnelEnds
}

// tunnelEnd is when a tunnel was reset, and how old it was then.
type tunnelEnd struct {
	At  time.Time
	Age time.Duration
}

const maxTunnelEnds = 1000

// TunnelPlace is a member under settings.
type TunnelPlace struct{ Settings, Member string }

// Compare orders places by settings and then by member.
func (k TunnelPlace) Compare(o TunnelPlace) int {
	return cmp.Or(cmp.Compare(k.Settings, o.Settings), cmp.Compare(k.Member, o.Member))
}

// end counts how a tunnel ended.
func (t *TunnelEnds) end(r *accesslog.Record) {
	t.All++
	if r.EndedBy != accesslog.EndMember || r.End != accesslog.EndReset {
		return
	}
	if t.Resets++; t.ID == "" {
		t.ID = IDOf(r)
	}
	if len(t.Seen) < maxTunnelEnds {
		t.Seen = append(t.Seen, tunnelEnd{r.Start.Add(r.Taken), r.Taken})
	}
}

// seeEnd counts a tunnel that says how it ended.
func (a *FalseFriends) seeEnd(r *accesslog.Record) {
	if r.Status != 101 || r.EndedBy == "" || len(r.Attempts) == 0 {
		return
	}
	k := TunnelPlace{r.Settings, MemberOf(&r.Attempts[len(r.Attempts)-1])}
	t := a.Ends[k]
	if t == nil {
		if len(a.Ends) >= maxFalseFriends {
			return
		}
		if a.Ends == nil {
			a.Ends = map[TunnelPlace]*TunnelEnds{}
		}
		t = &TunnelEnds{}
		a.Ends[k] = t
	}
	t.end(r)
}
