package connections_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// withoutPort is a request of which the log knows no connection: it broke before it went out.
func withoutPort(_ *accesslog.Record, a *accesslog.Attempt) {
	a.LocalPort, a.Connect = 0, accesslog.Unset
}

// keptConn is a connection of the gateway to its member.
type keptConn struct {
	port, uses   int
	opened, used time.Time
}

// limits are those of a member, zero: none.
type limits struct {
	idle, age time.Duration
	uses      int
	unseen    time.Duration // for which the gateway does not notice that a connection has been closed
}

// dead reports whether the member has closed a connection by some time.
func (l limits) dead(k *keptConn, now time.Time) bool {
	return l.idle > 0 && now.Sub(k.used) >= l.idle || l.age > 0 && now.Sub(k.opened) >= l.age || l.uses > 0 && k.uses >= l.uses
}

// lifo plays requests over connections of which the gateway picks the one used last, at a member with limits. known: the row of a lost
// request has the port.
func lifo(t *testing.T, l limits, known func(lost int) bool) *story.Story {
	s := story.NewAzure(t)
	random := rand.New(rand.NewPCG(3, 5))
	var idle []*keptConn
	port, lost := 20000, 0
	pauses := []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 9 * time.Second, 21 * time.Second}
	for range 2500 {
		s.After(pauses[random.IntN(len(pauses))] + time.Duration(random.IntN(1000))*time.Millisecond)
		noticed := idle[:0]
		for _, k := range idle {
			if !l.dead(k, s.At.Add(-l.unseen)) || l.uses > 0 && k.uses >= l.uses {
				noticed = append(noticed, k)
			}
		}
		idle = noticed
		var batch []*keptConn
		for range 1 + random.IntN(3) {
			n := len(idle)
			if n == 0 {
				port++
				idle, n = append(idle, &keptConn{port: port, opened: s.At}), 1
			}
			k := idle[n-1]
			idle = idle[:n-1]
			switch {
			case k.uses == 0 || !l.dead(k, s.At):
				s.Request(4, story.Port(k.port))
				k.uses, k.used = k.uses+1, s.At
				batch = append(batch, k)
			case known(lost):
				s.Request(4, story.Port(k.port), story.Fails(story.RaceFault, 2*time.Millisecond))
				lost++
			default:
				s.Request(4, story.Fails(story.RaceFault, 2*time.Millisecond), withoutPort)
				lost++
			}
		}
		idle = append(idle, batch...)
	}
	return s
}

// named is what is found of a limit. Of lost requests without ports a limit on uses or age may have ended the connections in good order.
func named(limit string, ports bool) (cause string) {
	if !ports && limit != "c-idle-race" {
		return ""
	}
	return limit + " medium"
}

// Each limit of a connection is named for what it is, where the rows of the lost requests have their ports, or half of them.
func TestLimitsOfConnectionsInAzuresLog(t *testing.T) {
	t.Parallel()
	ports := map[string]func(int) bool{
		"all ports":        func(int) bool { return true },
		"no ports":         func(int) bool { return false },
		"every other port": func(n int) bool { return n%2 == 0 },
	}
	for want, l := range map[string]limits{
		"c-idle-race":              {idle: 21500 * time.Millisecond, unseen: time.Second},
		"c-keepalive-max-requests": {uses: 12},
		"c-max-age":                {age: 200 * time.Second, unseen: time.Second},
	} {
		for name, known := range ports {
			t.Run(want+", "+name, func(t *testing.T) {
				t.Parallel()
				r := lifo(t, l, known).Diagnose()
				cause := named(want, name != "no ports")
				if story.Causes(r) != cause || cause != "" && 4*r.Undetermined.Failures > r.Failures ||
					cause == "" && !slices.Contains(r.Undetermined.Rivals, want) {
					t.Errorf("found %q, %d of %d open\n%s", story.Causes(r), r.Undetermined.Failures, r.Failures, story.TextOf(t, r))
				}
			})
		}
	}
}

// The rows of a query's answer stand in no order, or the latest first: the verdict is the same.
func TestLimitsOfConnectionsWithoutOrder(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]limits{
		"c-idle-race":              {idle: 21500 * time.Millisecond, unseen: time.Second},
		"c-keepalive-max-requests": {uses: 12},
		"c-max-age":                {age: 200 * time.Second, unseen: time.Second},
	} {
		for _, known := range []bool{true, false} {
			for order, put := range map[string]func([]accesslog.Record){
				"latest first": slices.Reverse[[]accesslog.Record],
				"no order": func(r []accesslog.Record) {
					rand.New(rand.NewPCG(1, 2)).Shuffle(len(r), func(i, j int) { r[i], r[j] = r[j], r[i] })
				},
			} {
				t.Run(fmt.Sprintf("%s, ports %v, %s", name, known, order), func(t *testing.T) {
					t.Parallel()
					s := lifo(t, l, func(int) bool { return known })
					put(s.Records)
					r := s.Diagnose()
					if cause := named(name, known); story.Causes(r) != cause || cause != "" && 4*r.Undetermined.Failures > r.Failures {
						t.Errorf("found %q, %d of %d open", story.Causes(r), r.Undetermined.Failures, r.Failures)
					}
				})
			}
		}
	}
}

// Requests that break for another reason point to no limit.
func TestNoLimitOfConnectionsInAzuresLog(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(n int, at time.Time) bool{
		"now and then":     func(n int, _ time.Time) bool { return n%23 == 5 },
		"at a few moments": func(_ int, at time.Time) bool { return at.Unix()%1500 < 20 },
	} {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, ports %v", name, known), func(t *testing.T) {
				t.Parallel()
				s := lifo(t, limits{}, func(int) bool { return true })
				for i := range s.Records {
					if r := &s.Records[i]; fails(i, r.Start) {
						story.Fails(story.RaceFault, 2*time.Millisecond)(r, &r.Attempts[0])
						if !known {
							withoutPort(r, &r.Attempts[0])
						}
					}
				}
				story.Spares(t, s.Diagnose(), "c-idle-race", "c-keepalive-max-requests", "c-max-age")
			})
		}
	}
}

// Of a member that answered on connections of every age beyond, no limit is named.
func TestAnswersBeyondALimitInAzuresLog(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]limits{
		"idle": {idle: 21500 * time.Millisecond, unseen: time.Second}, "uses": {uses: 12},
		"age": {age: 200 * time.Second, unseen: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := lifo(t, l, func(int) bool { return false })
			begin := s.At
			for i := range 60 { // a second instance of the gateway keeps them for longer and uses them more
				for range 30 {
					s.After(7*time.Second).Request(4, story.Port(40000+i))
				}
				s.After(25*time.Second).Request(4, story.Port(40000+i))
			}
			r := s.Diagnose()
			if begin.Equal(s.At) || strings.Contains(story.Causes(r), "c-") {
				t.Errorf("found %q", story.Causes(r))
			}
		})
	}
}

// A member that refuses connections beyond a number now and then loses no idle ones.
func TestConnectionLimitIsNoLimitOfIdleConnections(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 300 {
		s.After(5 * time.Second)
		for j := range 4 {
			s.Request(4, story.Port(20000+10*(i%7)+j))
		}
		if i%6 == 5 {
			s.Request(4, story.Fails(story.RaceFault, 2*time.Millisecond), withoutPort)
		}
	}
	story.Spares(t, s.Diagnose(), "c-idle-race", "c-keepalive-max-requests", "c-max-age")
}

// bursty plays bursts of requests at even intervals over the connections of several worker processes of the gateway. Requests are lost by
// accident, on whatever connection they have, or on one of their own.
func bursty(t *testing.T, seed uint64) *story.Story {
	random := rand.New(rand.NewPCG(seed, 5))
	s, port := story.NewAzure(t), 20000
	workers := make([][]*keptConn, 1+random.IntN(3))
	period, jitter := time.Duration(2+random.IntN(40))*time.Second, time.Duration(1+random.IntN(3000))*time.Millisecond
	burst, rare := 1+random.IntN(8), 10+random.IntN(60)
	own, named, keep := random.IntN(2) == 0, random.IntN(2) == 0, time.Duration(20+random.IntN(100))*time.Second
	for range 250 {
		s.After(period + time.Duration(random.Int64N(int64(jitter))))
		after := make([][]*keptConn, len(workers))
		for range burst {
			w := random.IntN(len(workers))
			idle := workers[w]
			for len(idle) > 0 && s.At.Sub(idle[0].used) > keep {
				idle = idle[1:]
			}
			lost := random.IntN(rare) == 0
			if lost && own {
				s.Request(4, story.Fails(story.RaceFault, 2*time.Millisecond), withoutPort)
				continue
			}
			port++
			k := &keptConn{port: port}
			if n := len(idle); n > 0 {
				k, idle = idle[n-1], idle[:n-1]
			}
			workers[w] = idle
			changes := []story.Change{story.Port(k.port)}
			if lost {
				changes = append(changes, story.Fails(story.RaceFault, 2*time.Millisecond))
			}
			if lost && !named {
				changes = append(changes, withoutPort)
			}
			if s.Request(4, changes...); lost {
				continue
			}
			if k.used = s.At; random.IntN(3) == 0 {
				workers[w] = append(workers[w], k)
			} else {
				after[w] = append(after[w], k)
			}
		}
		for w := range workers {
			workers[w] = append(workers[w], after[w]...)
		}
	}
	return s
}

// Even traffic gives the connections even ages: what is lost by accident has them too, and shows no limit, and no restart.
func TestAccidentsInEvenTrafficAreNoLimit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			if r := bursty(t, seed).Diagnose(); strings.Contains(story.Causes(r), "c-") {
				t.Errorf("found %q: %s", story.Causes(r), story.Found(t, r, 0).Evidence[0].Fact)
			}
		})
	}
}

// The rows of each instance may come in one piece: both have lost as many requests, and neither is faulty.
func TestLimitsOfConnectionsByInstance(t *testing.T) {
	t.Parallel()
	for _, batch := range []int{20, 700, 1 << 20} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			t.Parallel()
			l := limits{idle: 21500 * time.Millisecond, unseen: time.Second}
			s, other := lifo(t, l, func(int) bool { return false }), lifo(t, l, func(int) bool { return false })
			for i := range other.Records {
				r := &other.Records[i]
				r.Instance, r.Transaction[5], r.Start = "appgw_1", 1, r.Start.Add(400*time.Millisecond)
			}
			first, second := slices.Collect(slices.Chunk(s.Records, batch)), slices.Collect(slices.Chunk(other.Records, batch))
			s.Records = nil
			for i := range first {
				s.Records = slices.Concat(s.Records, first[i], second[i])
			}
			if r := s.Diagnose(); story.Causes(r) != "c-idle-race medium" || 10*r.Undetermined.Failures > r.Failures {
				t.Errorf("found %q, %d of %d open", story.Causes(r), r.Undetermined.Failures, r.Failures)
			}
		})
	}
}

// A monitor asks for four pages, each time on a connection of its own, and the fourth is never answered: it is to blame, and not the number
// of requests before it.
func TestFourthPageIsNoLimit(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for port := range 60 {
		s.After(5 * time.Minute)
		for i, path := range []string{"/login", "/basket", "/address"} {
			s.Request(4, story.Path(path), story.Port(20000+port))
			s.After(time.Duration(2+(port*7+i*5)%11) * time.Second)
		}
		s.Request(4, story.Path("/checkout"), story.Port(20000+port), story.Fails(story.RaceFault, 2*time.Millisecond))
	}
	r := s.Diagnose()
	if found := story.Causes(r); found != "" || !slices.Contains(r.Undetermined.Rivals, "g-crash-on-input") {
		t.Errorf("found %q, perhaps %v", found, r.Undetermined.Rivals)
	}
}

// Connections are lost after three requests and after forty idle seconds, both each time: which of the two it was, nothing shows.
func TestTwoLimitsAtOneValue(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for port := range 60 {
		for i := range 3 {
			s.Request(4, story.Port(20000+port))
			s.After(time.Duration(2+(port*7+i*5)%11) * time.Second)
		}
		s.After(time.Duration(40-2-(port*7+10)%11)*time.Second).Request(4, story.Port(20000+port), story.Fails(story.RaceFault, 2*time.Millisecond))
		s.After(7 * time.Second)
	}
	r := s.Diagnose()
	for _, id := range []string{"c-idle-race", "c-keepalive-max-requests"} {
		if found := story.Causes(r); found != "" || !slices.Contains(r.Undetermined.Rivals, id) {
			t.Errorf("found %q, perhaps %v", found, r.Undetermined.Rivals)
		}
	}
}

// A connect time shows a new connection, whoever had its port before.
func TestPortsThatComeRound(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	made := func(_ *accesslog.Record, a *accesslog.Attempt) { a.Connect = 2 * time.Millisecond }
	for i := range 120 {
		port := story.Port(20000 + i)
		for j := range 2 + i/2%4 {
			s.After(time.Duration(1+(i+3*j)%9)*time.Second).Request(4, port)
		}
		if i%2 == 0 {
			s.After(20*time.Second).Request(4, port, story.Fails(story.RaceFault, 2*time.Millisecond))
		}
		if i >= 3 { // one of long ago
			s.Request(4, story.Port(20000+i-3), made)
		}
	}
	if r := s.Diagnose(); story.Causes(r) != "c-idle-race medium" {
		t.Errorf("found %q, %v", story.Causes(r), r.Undetermined.Rivals)
	}
}
