package diagnose

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/gateway"
)

// trail is the history of one member's health.
type trail struct {
	pool, settings string
	member, dial   string
	now            gateway.ServerHealth
	changes        []change // oldest first
}

// change is one turn of health.
type change struct {
	at     time.Time
	up     bool
	reason string
	code   string // what exactly: an errno, a status, a TLS alert, an OpenSSL code
}

// trailsOf reads the histories out of a backend-health document.
func trailsOf(h *gateway.Health) []trail {
	if h == nil {
		return nil
	}
	var out []trail
	for _, p := range h.Pools {
		for _, s := range p.Settings {
			for _, server := range s.Servers {
				t := trail{pool: lastSegment(p.Pool.ID), settings: lastSegment(s.Settings.ID), member: server.Address, now: server}
				if x := server.Causeway; x != nil {
					t.dial = x.Dial
					for _, line := range x.Transitions {
						if c, ok := parseChange(line); ok {
							t.changes = append(t.changes, c)
						}
					}
				}
				out = append(out, t)
			}
		}
	}
	return out
}

func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// parseChange reads "RFC3339 Up" and "RFC3339 Down reason code".
func parseChange(line string) (change, bool) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return change{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, words[0])
	c := change{at: at, up: words[1] == "Up"}
	if len(words) > 2 {
		c.reason = words[2]
	}
	if len(words) > 3 {
		c.code = strings.Join(words[3:], " ")
	}
	return c, err == nil
}

// at is the state of health at a time. known is false before the first change, and where there is no history.
func (t *trail) at(when time.Time) (state change, known bool) {
	i := slices.IndexFunc(t.changes, func(c change) bool { return c.at.After(when) })
	if i < 0 {
		i = len(t.changes)
	}
	if i == 0 {
		return change{}, false
	}
	return t.changes[i-1], true
}

// wentDown is the first turn to Down in a span of time.
func (t *trail) wentDown(from, to time.Time) (change, bool) {
	for _, c := range t.changes {
		if !c.up && !c.at.Before(from) && !c.at.After(to) {
			return c, true
		}
	}
	return change{}, false
}

// trailOf finds the history of the member that an event met.
func (t *tally) trailOf(e *event) *trail {
	for i := range t.trails {
		t := &t.trails[i]
		if strings.EqualFold(t.settings, e.settings) && t.member == e.member && (t.dial == "" || !e.server.IsValid() || t.dial == e.server.String()) {
			return t
		}
	}
	return nil
}

// isUp reports whether the member is healthy now.
func (t *trail) isUp() bool {
	return strings.EqualFold(t.now.Health, "Up") || strings.EqualFold(t.now.Health, "Healthy")
}

// sinceUp is how long before a time the member had last turned to Up after having been Down.
func (t *trail) sinceUp(when time.Time) (time.Duration, bool) {
	for i := len(t.changes) - 1; i > 0; i-- {
		if c := t.changes[i]; c.up && !c.at.After(when) && !t.changes[i-1].up {
			return when.Sub(c.at), true
		}
	}
	return 0, false
}

// status is the one that the probe got, where that was what was wrong; 0 if it was not.
func (c change) status() int {
	if c.reason != "status_mismatch" {
		return 0
	}
	first, _, _ := strings.Cut(c.code, " ")
	n, _ := strconv.Atoi(first)
	return n
}
