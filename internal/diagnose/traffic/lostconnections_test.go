package traffic

import (
	"net/netip"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// use is a request at a second of the log: answered on a port, or lost without one.
type use struct {
	at   int
	port uint16
}

// playUses reads requests, each of no duration, and returns the attempts that were lost.
func playUses(uses []use) (lost []*Event) {
	var c connections
	at := &Cell{number: 1}
	server := netip.MustParseAddrPort("10.0.0.4:80")
	for _, u := range uses {
		end := time.Unix(int64(1_000_000+u.at), 0)
		r := accesslog.Record{Logged: end, Attempts: []accesslog.Attempt{{Server: server, LocalPort: u.port, Status: 200}}}
		a := &r.Attempts[0]
		if u.port == 0 {
			a.Status = 0
		}
		c.see(0, a, at, nil, c.begins(&r), end.UnixNano())
		if u.port == 0 {
			e := &Event{Attempt: *a}
			c.lostWith(0, e)
			lost = append(lost, e)
		}
	}
	c.trace(true)
	return lost
}

// A lost request had the connection that was used last of those that nobody used again; where that is in doubt, nothing is known.
func TestTraceOfLostConnections(t *testing.T) {
	t.Parallel()
	type found struct {
		idle time.Duration
		uses int
	}
	unknown := found{-1, 0}
	for name, x := range map[string]struct {
		uses []use
		want []found
	}{
		"the only one": {[]use{{0, 1}, {5, 1}, {12, 0}}, []found{{7 * time.Second, 2}}},
		"one after the other": {
			[]use{{0, 1}, {6, 2}, {10, 0}, {20, 0}, {21, 0}},
			[]found{{4 * time.Second, 1}, {20 * time.Second, 1}, unknown},
		},
		"used again":             {[]use{{0, 1}, {6, 2}, {10, 0}, {20, 2}}, []found{unknown}},
		"used again, and before": {[]use{{0, 2}, {6, 1}, {10, 0}, {20, 2}}, []found{{4 * time.Second, 1}}},
		"two alike":              {[]use{{0, 1}, {0, 2}, {10, 0}}, []found{{10 * time.Second, 1}}},
		"of different uses":      {[]use{{0, 1}, {4, 1}, {5, 2}, {10, 0}}, []found{{5 * time.Second, 0}}},
		"perhaps in use still":   {[]use{{0, 1}, {10, 2}, {10, 0}}, []found{unknown}},
		"in use for certain":     {[]use{{0, 1}, {10, 0}, {12, 2}}, []found{{10 * time.Second, 1}}},
		"too long ago":           {[]use{{0, 1}, {400, 0}}, []found{unknown}},
		"none known":             {[]use{{10, 0}}, []found{unknown}},
		"long before the end":    {[]use{{0, 1}, {9, 0}, {4000, 2}, {8000, 2}}, []found{{9 * time.Second, 1}}},
		"port that comes back":   {[]use{{0, 1}, {9, 0}, {500, 1}, {4000, 2}}, []found{unknown}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, e := range playUses(x.uses) {
				got := found{e.Attempt.Idle, e.Attempt.Uses}
				if !e.Rebuilt {
					got = unknown
				}
				if got != x.want[i] {
					t.Errorf("lost request %d: %+v, want %+v", i, got, x.want[i])
				}
			}
		})
	}
}

// However many are lost, what is kept of them is bounded, and so is the time that it takes.
func TestLostConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	uses := make([]use, 0, 5*maxLost)
	for i := range 20_000 {
		uses = append(uses, use{0, uint16(1 + i)})
	}
	for i := range 4 * maxLost {
		uses = append(uses, use{1 + i/maxLost, 0})
	}
	begin := time.Now()
	playUses(uses)
	if d := time.Since(begin); d > 20*time.Second {
		t.Errorf("it took %v", d)
	}
}
