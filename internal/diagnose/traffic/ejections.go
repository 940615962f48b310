package traffic

import (
	"causeway/internal/accesslog"
)

// Passive ejection: a member whose connections fail several times in a row gets no requests for a while. The records say which failure
// held it back, and which requests went elsewhere meanwhile.

// Ejections are those of all members.
type Ejections struct {
	Held    map[string]*Ejection // by member
	Steered int                  // requests that went elsewhere, and were answered at the first attempt
	ID      string               // of one of them
}

// Ejection is how passive ejection treated one member.
type Ejection struct{ Times, Passed int }

func (x *Ejections) of(member string) *Ejection {
	e := x.Held[member]
	if e == nil {
		if len(x.Held) >= maxMembers {
			return &Ejection{}
		}
		if x.Held == nil {
			x.Held = map[string]*Ejection{}
		}
		e = &Ejection{}
		x.Held[member] = e
	}
	return e
}

// see counts what a record says of members that are held back. bad is whether the request failed.
func (x *Ejections) see(r *accesslog.Record, bad bool) {
	hidden := false
	for i := range r.Attempts {
		if a := &r.Attempts[i]; a.Ejected {
			x.of(MemberOf(a)).Times++
		}
		hidden = hidden || !r.Attempts[i].Fault.None()
	}
	if r.HeldBack == "" {
		return
	}
	x.of(r.HeldBack).Passed++
	if bad || hidden || len(r.Attempts) == 0 { // a retry that went well counts as a retry
		return
	}
	if x.Steered++; x.ID == "" {
		x.ID = IDOf(r)
	}
}

// FailuresToHold is how many failures in a row hold a member back. There are hardly ever more of them at once, whatever is wrong with it.
const FailuresToHold = 3
