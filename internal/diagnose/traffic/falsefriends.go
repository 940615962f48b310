package traffic

import (
	"net/netip"
	"time"

	"causeway/internal/accesslog"
)

// FalseFriends are things in the traffic that look like failures and are none: redirects in a circle, answers 403 that
// the firewall made, answers 404 that a wrong path or host makes.
type FalseFriends struct {
	circles   map[redirectLoopKey]*redirectLoop
	Loops     map[string]int // redirects in a circle, by path template
	Forbidden map[[16]byte]bool
	Tunnels   map[string]*Tunnels // by settings
	Ends      map[TunnelPlace]*TunnelEnds
	Uploads   CutUploads
	Parts     PartUploads
}

type redirectLoopKey struct {
	client netip.Addr
	path   string
}

type redirectLoop struct {
	n    int
	last time.Time
}

const (
	maxFalseFriends    = 10_000
	redirectLoopLength = 10               // redirects of one client to one place
	redirectLoopTime   = 10 * time.Second // between two of them
)

// see looks at a record for what is no failure.
func (a *FalseFriends) see(r *accesslog.Record) {
	a.seeTunnel(r)
	a.seeEnd(r)
	a.Uploads.see(r)
	a.Parts.see(r)
	switch r.Status {
	case 301, 302, 307, 308:
		a.redirect(r)
	case 403:
		if backend := len(r.Attempts) > 0 && r.Attempts[len(r.Attempts)-1].Status > 0; !backend && len(a.Forbidden) < maxFalseFriends {
			if a.Forbidden == nil {
				a.Forbidden = map[[16]byte]bool{}
			}
			a.Forbidden[r.Transaction] = true
		}
	}
}

func (a *FalseFriends) redirect(r *accesslog.Record) {
	if a.circles == nil {
		a.circles, a.Loops = map[redirectLoopKey]*redirectLoop{}, map[string]int{}
	}
	k := redirectLoopKey{r.Client.Addr(), string(r.URI[:min(len(r.URI), templateMax)])}
	c := a.circles[k]
	if c == nil {
		if len(a.circles) >= maxFalseFriends {
			clear(a.circles)
		}
		c = &redirectLoop{}
		a.circles[k] = c
	}
	if r.Start.Sub(c.last) > redirectLoopTime {
		c.n = 0
	}
	c.last = r.Start
	if c.n++; c.n >= redirectLoopLength && len(a.Loops) < maxFalseFriends {
		a.Loops[Template(r.URI)]++
	}
}
