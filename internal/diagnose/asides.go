package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"causeway/internal/accesslog"
)

// asides are things in the traffic that are no failures and are taken for some: redirects in a circle, answers 403 that
// the firewall made, answers 404 that a wrong path or host makes.
type asides struct {
	circles   map[circleKey]*circle
	loops     map[string]int // redirects in a circle, by path template
	forbidden map[[16]byte]bool
	tunnels   map[string]*tunnels // by settings
	ends      map[tunnelPlace]*tunnelEnds
	uploads   cutUploads
	parts     partUploads
}

type circleKey struct {
	client netip.Addr
	path   string
}

type circle struct {
	n    int
	last time.Time
}

const (
	maxAsides    = 10_000
	circleLength = 10               // redirects of one client to one place
	circleTime   = 10 * time.Second // between two of them
)

// see looks at a record for what is no failure.
func (a *asides) see(r *accesslog.Record) {
	a.seeTunnel(r)
	a.seeEnd(r)
	a.uploads.see(r)
	a.parts.see(r)
	switch r.Status {
	case 301, 302, 307, 308:
		a.redirect(r)
	case 403:
		if backend := len(r.Attempts) > 0 && r.Attempts[len(r.Attempts)-1].Status > 0; !backend && len(a.forbidden) < maxAsides {
			if a.forbidden == nil {
				a.forbidden = map[[16]byte]bool{}
			}
			a.forbidden[r.Transaction] = true
		}
	}
}

func (a *asides) redirect(r *accesslog.Record) {
	if a.circles == nil {
		a.circles, a.loops = map[circleKey]*circle{}, map[string]int{}
	}
	k := circleKey{r.Client.Addr(), string(r.URI[:min(len(r.URI), templateMax)])}
	c := a.circles[k]
	if c == nil {
		if len(a.circles) >= maxAsides {
			clear(a.circles)
		}
		c = &circle{}
		a.circles[k] = c
	}
	if r.Start.Sub(c.last) > circleTime {
		c.n = 0
	}
	c.last = r.Start
	if c.n++; c.n >= circleLength && len(a.loops) < maxAsides {
		a.loops[template(r.URI)]++
	}
}

// asideNotices tells what the traffic shows beside failures.
func (q *inquiry) asideNotices() []Notice {
	var out []Notice
	for _, path := range sortedKeys(q.aside.loops) {
		out = append(out, Notice{
			Cause: "i-redirect-loop", Scope: Scope{Path: path}, Do: "let the application trust X-Forwarded-Proto, or let backend settings speak what it demands",
			Fact: fmt.Sprintf("clients are redirected from %s to %s again and again (%d times beyond the tenth in a row)", path, path, q.aside.loops[path]),
		})
	}
	if n, ok := q.refusedByFirewall(); ok {
		out = append(out, n)
	}
	for _, more := range [][]Notice{q.unserved(), q.silentTunnels(), q.resetTunnels(), q.heldBackNotice(), q.queuedNotice(), q.aside.uploads.notice(), q.aside.parts.notices()} {
		out = append(out, more...)
	}
	return append(out, q.notFound()...)
}

// notFound tells settings whose members mostly answer 404, where the document has a reason for it.
func (q *inquiry) notFound() []Notice {
	var out []Notice
	if q.config == nil {
		return out
	}
	answered, missing := map[string]int{}, map[string]int{}
	for k, r := range q.routes {
		answered[k.settings] += r.answered
		missing[k.settings] += r.notFound
	}
	for _, settings := range sortedKeys(missing) {
		s := q.config.Setting(settings)
		if s == nil || missing[settings] < minEvents || 2*missing[settings] < answered[settings] {
			continue
		}
		fact := fmt.Sprintf("%d of %d answers under %s are 404", missing[settings], answered[settings], settings)
		switch {
		case s.Path != "":
			out = append(out, Notice{
				Cause: "i-path-override", Scope: Scope{Settings: settings}, Do: "compare requestUri with originalRequestUriWithArgs in the access log, and correct the override",
				Fact: fact + fmt.Sprintf(", and the settings put %q in place of what the rule matched", s.Path),
			})
		case s.HostName == "" && !s.PickHostFromAddress && q.namedMembers(settings):
			out = append(out, Notice{
				Cause: "i-wrong-host-header", Scope: Scope{Settings: settings}, Do: "pick the host name from the backend target, or override it",
				Fact: fact + ", and members that are known by name get the client's Host, which may be none of theirs",
			})
		}
	}
	return out
}

// namedMembers reports whether a pool that is served under the settings names members by FQDN.
func (q *inquiry) namedMembers(settings string) bool {
	for _, t := range usedTargets(q.config) {
		if p := q.config.Pool(t.Pool); strings.EqualFold(t.Settings, settings) && p != nil {
			for _, m := range p.Members {
				if m.FQDN != "" {
					return true
				}
			}
		}
	}
	return slices.ContainsFunc(q.trails, func(t trail) bool {
		return strings.EqualFold(t.settings, settings) && strings.Contains(t.member, ".azurewebsites.")
	})
}
