package diagnose

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// sweeper is a server that looks for idle connections every so often, and closes those unused for a limit.
type sweeper struct{ limit, every time.Duration }

// ends is the idle age at which it closes a connection last used at a time.
func (w sweeper) ends(used time.Time) time.Duration {
	due := used.Add(w.limit)
	sweep := due.Truncate(w.every)
	if sweep.Before(due) {
		sweep = sweep.Add(w.every)
	}
	return sweep.Sub(used)
}

// sweptStory has requests on connections that such a server keeps: every tenth is picked just before the sweep.
func sweptStory(t *testing.T, w sweeper, n int) *story {
	s := newStory(t)
	random := rand.New(rand.NewPCG(7, 7))
	for i := range n {
		s.after(time.Duration(200+random.IntN(2500)) * time.Millisecond)
		idle := time.Duration(random.Float64() * 1.3 * float64(w.limit+w.every))
		ends := w.ends(s.at.Add(-idle))
		early := time.Duration(1+i%15) * time.Millisecond
		lost := w.ends(s.at.Add(early - w.limit - time.Duration(i)*w.every/time.Duration(n))) // some phase of the sweep
		kind := path([]string{"/a", "/b", "/c"}[i%3])
		switch {
		case i%10 == 0:
			s.request(4, kind, reused(lost-early, i%9), fails(raceFault, early))
		case idle < ends-15*time.Millisecond:
			s.request(4, kind, reused(idle, i%11))
		default:
			s.request(4, kind, func(_ *accesslog.Record, a *accesslog.Attempt) { a.Stale = idle })
		}
	}
	return s
}

// A server without one idle limit races all the same, over a band as wide as its timer's tick.
func TestIdleBands(t *testing.T) {
	ms := time.Millisecond
	for name, w := range map[string]sweeper{
		"a tick of four seconds": {8 * time.Second, 4 * time.Second}, "a tick as long as the limit": {30 * time.Second, 29 * time.Second},
		"a short tick": {33 * time.Second, 6 * time.Second}, "half a minute": {2 * time.Minute, 30 * time.Second}, "below its own limit": {4500 * ms, 1500 * ms},
		"any other": {7300 * ms, 2100 * ms},
	} {
		r := sweptStory(t, w, 400).diagnose()
		if causes(r) != "c-idle-race high" || r.Undetermined.Failures > 4 {
			t.Errorf("%s: found %q, %d open of %d", name, causes(r), r.Undetermined.Failures, r.Failures)
			continue
		}
		fix := r.Findings[0].Fixes[1].Commands.Causeway
		_, after, _ := strings.Cut(fix, "backendIdleTimeout: ")
		text, _, _ := strings.Cut(after, " ")
		if d, err := time.ParseDuration(text); err != nil || d > w.limit || d < w.limit/2 {
			t.Errorf("%s: the gateway is to give up at %q", name, text)
		}
	}
}

// What is spread over a band for another reason is no idle limit.
func TestNoIdleBand(t *testing.T) {
	w := sweeper{8 * time.Second, 4 * time.Second}
	for name, change := range map[string]func(i int, r *accesslog.Record, a *accesslog.Attempt){
		"answers beyond the band": func(i int, _ *accesslog.Record, a *accesslog.Attempt) {
			if a.Stale >= 0 {
				reused(a.Stale, 3)(nil, a)
				a.Stale, a.Connect = accesslog.Unset, accesslog.Unset
			}
		},
		"losses at every age": func(i int, _ *accesslog.Record, a *accesslog.Attempt) {
			if a.Status == 0 {
				a.Idle = time.Duration(i%50) * 240 * time.Millisecond
			}
		},
		"in a handler's time": func(i int, r *accesslog.Record, a *accesslog.Attempt) {
			if a.Status == 0 {
				a.Idle, a.Total, r.Taken = max(0, a.Idle-time.Duration(i%40)*50*time.Millisecond), 400*time.Millisecond, 400*time.Millisecond
			}
		},
		"never asked after less": func(i int, _ *accesslog.Record, a *accesslog.Attempt) {
			if a.Status > 0 && a.Reused {
				a.Idle = w.limit + time.Duration(i%40)*100*time.Millisecond
			}
		},
		"one path that is never answered": func(i int, r *accesslog.Record, a *accesslog.Attempt) {
			if a.Status == 0 {
				path("/bad")(r, a)
			}
		},
	} {
		s := sweptStory(t, w, 400)
		for i := range s.records {
			change(i, &s.records[i], &s.records[i].Attempts[0])
		}
		if r := s.diagnose(); strings.Contains(causes(r), "c-idle-race") {
			t.Errorf("%s: found %q: %+v", name, causes(r), r.Findings[0].Evidence)
		}
	}
}

// Azure's log shows a band to the second.
func TestIdleBandByPorts(t *testing.T) {
	s := newAzureStory(t)
	w := sweeper{32 * time.Second, 8 * time.Second}
	for i := range 160 {
		p := 20000 + i
		s.after(3*time.Second).request(4, port(p))
		ends, idle := w.ends(s.at), time.Duration(3+i*7%36)*time.Second
		if i%8 == 7 {
			s.after(ends).request(4, port(p), fails(closedFault, 2*time.Millisecond))
		} else {
			s.after(min(idle, ends-time.Second)).request(4, port(p))
		}
	}
	r := s.diagnose()
	if causes(r) != "c-idle-race medium" || r.Failures != r.Findings[0].Failures {
		t.Errorf("found %q, %d of %d", causes(r), r.Failures-r.Undetermined.Failures, r.Failures)
	}
}
