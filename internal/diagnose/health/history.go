// Package health reads the history of backend health: when each member turned up or down, and why.
package health

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/gateway"
)

// Now is the state that the document itself gives, where there is no history.
func Now(t *History) (Change, bool) {
	if len(t.Changes) > 0 {
		return Change{}, false
	}
	return Change{
		Up:     strings.EqualFold(t.Now.Health, "Up") || strings.EqualFold(t.Now.Health, "Healthy"),
		Reason: ReasonOfDetail(t.Now),
		Code:   codeOfDetail(t.Now),
	}, true
}

// History is the history of one member's health.
type History struct {
	Pool, Settings string
	Member, Dial   string
	Now            gateway.ServerHealth
	Changes        []Change  // oldest first
	Instance       string    // whose view it is; empty: that of the gateway as a whole
	Views          []History // of each instance; empty: there is one, or the document does not say
}

// Change is one turn of health.
type Change struct {
	At     time.Time
	Up     bool
	Reason string
	Code   string // what exactly: an errno, a status, a TLS alert, an OpenSSL code
}

// SeenBy is the history as an instance has it; that of all where the document has no views, or none of that instance.
func (t *History) SeenBy(instance string) *History {
	for i := range t.Views {
		if t.Views[i].Instance == instance {
			return &t.Views[i]
		}
	}
	return t
}

// GatewayStalled is the Code of a member that is down because the gateway's own process stood still during its probes.
const GatewayStalled = "gateway_stalled"

// Histories reads the histories out of a backend-health document.
func Histories(h *gateway.Health) []History {
	if h == nil {
		return nil
	}
	var out []History
	for _, p := range h.Pools {
		for _, s := range p.Settings {
			for _, server := range s.Servers {
				t := History{Pool: lastSegment(p.Pool.ID), Settings: lastSegment(s.Settings.ID), Member: server.Address, Now: server}
				if x := server.Causeway; x != nil {
					t.Dial, t.Changes = x.Dial, parseChanges(x.Transitions)
					t.Views = viewsOf(&t)
				}
				out = append(out, t)
			}
		}
	}
	return out
}

// viewsOf reads what each instance of the gateway sees of a member.
func viewsOf(t *History) (out []History) {
	for _, v := range t.Now.Causeway.Instances {
		own := v.HealthEvidence
		out = append(out, History{
			Pool: t.Pool, Settings: t.Settings, Member: t.Member, Dial: own.Dial, Instance: v.Instance,
			Now:     gateway.ServerHealth{Address: t.Member, Health: v.Health, Detail: v.Detail, Causeway: &own},
			Changes: parseChanges(own.Transitions),
		})
	}
	return out
}

func parseChanges(lines []string) (out []Change) {
	for _, line := range lines {
		if c, ok := parseChange(line); ok {
			out = append(out, c)
		}
	}
	return out
}

func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// parseChange reads "RFC3339 Up" and "RFC3339 Down reason code".
func parseChange(line string) (Change, bool) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return Change{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, words[0])
	c := Change{At: at, Up: words[1] == "Up"}
	if len(words) > 2 {
		c.Reason = words[2]
	}
	if len(words) > 3 {
		c.Code = strings.Join(words[3:], " ")
	}
	return c, err == nil
}

// At is the state of health at a time. known is false before the first change, and where there is no history.
func (t *History) At(when time.Time) (state Change, known bool) {
	i := slices.IndexFunc(t.Changes, func(c Change) bool { return c.At.After(when) })
	if i < 0 {
		i = len(t.Changes)
	}
	if i == 0 {
		return Change{}, false
	}
	return t.Changes[i-1], true
}

// WentDown is the first turn to Down in a span of time.
func (t *History) WentDown(from, to time.Time) (Change, bool) {
	for _, c := range t.Changes {
		if !c.Up && !c.At.Before(from) && !c.At.After(to) {
			return c, true
		}
	}
	return Change{}, false
}

// UpThroughout reports whether the history has the member Up at a time, and no turn to Down from then on until another.
func (t *History) UpThroughout(from, to time.Time) bool {
	before, known := t.At(from)
	_, went := t.WentDown(from, to)
	return known && before.Up && !went
}

// IsUp reports whether the member is healthy now.
func (t *History) IsUp() bool {
	return strings.EqualFold(t.Now.Health, "Up") || strings.EqualFold(t.Now.Health, "Healthy")
}

// SinceUp is how long before a time the member had last turned to Up after having been Down.
func (t *History) SinceUp(when time.Time) (time.Duration, bool) {
	for i := len(t.Changes) - 1; i > 0; i-- {
		if c := t.Changes[i]; c.Up && !c.At.After(when) && !t.Changes[i-1].Up {
			return when.Sub(c.At), true
		}
	}
	return 0, false
}

// Status is the HTTP status that failed the probe; 0 if another reason did.
func (c Change) Status() int {
	if c.Reason != "status_mismatch" {
		return 0
	}
	first, _, _ := strings.Cut(c.Code, " ")
	n, _ := strconv.Atoi(first)
	return n
}
