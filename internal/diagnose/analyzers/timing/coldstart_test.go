package timing_test

import (
	"cmp"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/units"
)

// Requests that run into the request timeout do so for their own sake, or for that of a queue, a lock, a pause, a member or a
// time. These stories are played by small models of what waits for what.

// model is a site of members with workers, and what goes on there.
type model struct {
	limit   int                // request timeout in seconds
	lasts   time.Duration      // 0: five minutes
	members int                // 0: two
	workers int                // of each member; 0: as many as it takes
	rates   map[string]float64 // requests a second by path
	need    needsOf
	slow    func(at time.Duration, path string, member, client int) float64 // times as long as usual
	frozen  func(at time.Duration, path string, member int) time.Duration   // for how long from then nothing goes on
	lock    func(path string) bool                                          // all such requests need the same lock, one after the other
	rate    func(at time.Duration) float64                                  // part of the rates that comes then
	azure   bool                                                            // whole seconds
	v1      bool
}

// arrival is a request in a model.
type arrival struct {
	at, end time.Duration
	path    string
	member  int
	client  int
}

// arrivals are the requests, in order.
func (m *model) arrivals(rnd *rand.Rand) (all []*arrival) {
	paths := units.SortedKeys(m.rates)
	for _, p := range paths {
		for at := time.Duration(0); ; {
			at += time.Duration(rnd.ExpFloat64() / m.rates[p] * float64(time.Second))
			if at > m.lasts {
				break
			}
			if m.rate == nil || rnd.Float64() < m.rate(at) {
				all = append(all, &arrival{at: at, path: p, client: rnd.Intn(40)})
			}
		}
	}
	slices.SortFunc(all, func(a, b *arrival) int { return int(a.at - b.at) })
	for i, a := range all {
		a.member = 4 + i%m.members
	}
	return all
}

// serve says when each ends: it waits for a worker, for the lock, and for what stands still.
func (m *model) serve(rnd *rand.Rand, all []*arrival) {
	free, held := map[int][]time.Duration{}, time.Duration(0)
	for _, a := range all {
		need, start := m.need[a.path](rnd), a.at
		if m.slow != nil {
			need = time.Duration(float64(need) * m.slow(a.at, a.path, a.member, a.client))
		}
		if free[a.member] == nil {
			free[a.member] = make([]time.Duration, max(1, m.workers))
		}
		queue := free[a.member]
		slices.Sort(queue)
		if m.workers > 0 {
			start = max(start, queue[0])
		}
		if m.lock != nil && m.lock(a.path) {
			start = max(start, held)
		}
		if m.frozen != nil {
			start += m.frozen(start, a.path, a.member)
		}
		a.end = start + need
		queue[0] = a.end
		if m.lock != nil && m.lock(a.path) {
			held = a.end
		}
	}
}

// play writes the log.
func (m *model) play(t *testing.T) *story.Story {
	s := story.New(t)
	s.Azure = m.azure || m.v1
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, fmt.Sprintf(`"requestTimeout":%d`, m.limit), 1)
	rnd, begin, limit := rand.New(rand.NewSource(1)), s.At, time.Duration(m.limit)*time.Second
	all := m.arrivals(rnd)
	m.serve(rnd, all)
	var open []*arrival
	for _, a := range all {
		open = slices.DeleteFunc(open, func(o *arrival) bool { return min(o.end, o.at+limit) <= a.at })
		here, least := 0, map[int]int{}
		for _, o := range open {
			least[o.member]++
			if o.member == a.member {
				here++
			}
		}
		s.At = begin.Add(a.at)
		if m.azure {
			s.At = s.At.Truncate(time.Second)
		}
		s.Request(a.member, story.Path(a.path), story.From(a.client), story.Active(here), story.Took(a.end-a.at))
		if a.end-a.at > limit {
			s.Records = s.Records[:len(s.Records)-1]
			s.Request(a.member, story.Path(a.path), story.From(a.client), story.Active(here), story.Fails(story.TimeoutFault, limit))
		}
		if m.v1 {
			r := &s.Records[len(s.Records)-1]
			r.V1, r.Instance = true, "ApplicationGatewayRole_IN_0"
			if r.Status > 500 {
				r.Status = 502
			}
		}
		open = append(open, a)
	}
	return s
}

// fixed is about the same each time, and around is spread about a median.
func fixed(d time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration { return d*9/10 + time.Duration(r.Int63n(int64(d)/5+1)) }
}

// needsOf is how long requests take alone, by path.
type needsOf = map[string]func(*rand.Rand) time.Duration

// times makes requests so many times as slow, when they are of those.
func times(x float64, of func(at time.Duration, path string, member, client int) bool) func(time.Duration, string, int, int) float64 {
	return func(at time.Duration, path string, member, client int) float64 {
		if of(at, path, member, client) {
			return x
		}
		return 1
	}
}

// pauses are such that come again and again, and for one path only where that is named.
func pauses(only string, every, lasting time.Duration) func(time.Duration, string, int) time.Duration {
	return func(at time.Duration, path string, member int) time.Duration {
		switch only {
		case "": // each member has its own
			return max(0, lasting-(at+time.Duration(member)*every/3)%every)
		case path:
			return max(0, lasting-at%every)
		}
		return 0
	}
}

// inMinutes is true for some minutes.
func inMinutes(at time.Duration, from, to int) bool {
	return at >= time.Duration(from)*time.Minute && at < time.Duration(to)*time.Minute
}

// crowded has five times as much traffic for some minutes.
func crowded(from, to int) func(time.Duration) float64 {
	return func(at time.Duration) float64 {
		if inMinutes(at, from, to) {
			return 1
		}
		return 0.2
	}
}

// stretched is the same so many times as slow.
func (m model) stretched(by int) model {
	x, old := time.Duration(by), m
	m.limit, m.lasts = m.limit*by, m.lasts*x
	m.rates, m.need = map[string]float64{}, needsOf{}
	for p, r := range old.rates {
		m.rates[p] = r / float64(by)
	}
	for p, n := range old.need {
		m.need[p] = func(r *rand.Rand) time.Duration { return x * n(r) }
	}
	if old.slow != nil {
		m.slow = func(at time.Duration, path string, member, client int) float64 {
			return old.slow(at/x, path, member, client)
		}
	}
	if old.frozen != nil {
		m.frozen = func(at time.Duration, path string, member int) time.Duration {
			return x * old.frozen(at/x, path, member)
		}
	}
	if old.rate != nil {
		m.rate = func(at time.Duration) float64 { return old.rate(at / x) }
	}
	return m
}

// evidences are the logs that a model may leave: Causeway's with a timeout of two seconds, and Azure's with one of twenty.
func (m model) evidences(t *testing.T) map[string]*story.Story {
	m.limit, m.members, m.lasts = 2, cmp.Or(m.members, 2), cmp.Or(m.lasts, 5*time.Minute)
	azure, v1 := m.stretched(10), m.stretched(10)
	azure.azure, v1.v1 = true, true
	noDocument := azure.play(t)
	noDocument.NoDoc = true
	return map[string]*story.Story{"Causeway": m.play(t), "Azure": azure.play(t), "v1": v1.play(t), "no document": noDocument}
}

var (
	quickAnswers = fixed(20 * time.Millisecond)
	usualAnswers = story.Around(150*time.Millisecond, 0.5)
	twoPaths     = map[string]float64{"/a": 1.5, "/b": 1.5}
)

// Requests that are late here would be in time alone. A longer timeout fixes nothing, and the route is not to blame: the report
// says which times or which member it was, and names what that may be, the likeliest first.
func TestRequestsThatAreMadeLate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		model
		first string // rival
	}{
		"a table is locked now and then": {model{
			rates: map[string]float64{"/a": 5, "/orders": 4}, need: needsOf{"/a": quickAnswers, "/orders": quickAnswers},
			frozen: pauses("/orders", 40*time.Second, 3500*time.Millisecond),
		}, "d-db-lock"},
		"one request at a time, on one path": {model{
			rates: map[string]float64{"/a": 5, "/report": 3},
			need:  needsOf{"/a": quickAnswers, "/report": story.Around(280*time.Millisecond, 0.4)},
			lock:  func(path string) bool { return path == "/report" },
		}, "d-db-lock"},
		"a service that one path needs is slow for five minutes": {model{
			lasts: 20 * time.Minute, rates: twoPaths, need: needsOf{"/a": quickAnswers, "/b": usualAnswers},
			slow: times(7, func(at time.Duration, path string, _, _ int) bool { return path == "/b" && inMinutes(at, 10, 15) }),
		}, "d-db-lock"},
		"a part of the database stands still for a minute": {model{
			rates: map[string]float64{"/a": 4, "/b": 4}, need: needsOf{"/a": quickAnswers, "/b": usualAnswers},
			slow: times(90, func(at time.Duration, path string, _, client int) bool {
				return path == "/b" && client < 8 && inMinutes(at, 2, 3)
			}),
		}, "d-db-lock"},
		"the database is slow for five minutes": {model{
			lasts: 20 * time.Minute, rates: twoPaths, need: needsOf{"/a": usualAnswers, "/b": usualAnswers},
			slow: times(7, func(at time.Duration, _ string, _, _ int) bool { return inMinutes(at, 10, 15) }),
		}, "d-db-lock"},
		"it is slow when there is much to do": {model{
			lasts: 20 * time.Minute, rates: map[string]float64{"/a": 3, "/b": 3}, need: needsOf{"/a": usualAnswers, "/b": usualAnswers},
			rate: crowded(5, 15), slow: times(8, func(at time.Duration, _ string, _, _ int) bool { return inMinutes(at, 8, 12) }),
		}, "d-db-lock"},
		"the first requests after a deployment are slow": {model{
			lasts: 10 * time.Minute, rates: twoPaths, need: needsOf{"/a": usualAnswers, "/b": usualAnswers},
			slow: times(12, func(at time.Duration, _ string, _, _ int) bool { return at%(200*time.Second) < 12*time.Second }),
		}, "d-db-lock"},
		"one member takes twice as long": {model{
			members: 3, rates: map[string]float64{"/a": 4, "/b": 4},
			need: needsOf{"/a": quickAnswers, "/b": story.Around(600*time.Millisecond, 0.3)},
			slow: times(2.3, func(_ time.Duration, _ string, member, _ int) bool { return member == 6 }),
		}, "g-noisy-member"},
		"one member is slow for a minute": {model{
			members: 3, rates: map[string]float64{"/a": 4, "/b": 4}, need: needsOf{"/a": usualAnswers, "/b": usualAnswers},
			slow: times(8, func(at time.Duration, _ string, member, _ int) bool { return member == 6 && inMinutes(at, 2, 3) }),
		}, "g-noisy-member"},
		"one path is slow at one member": {model{
			members: 3, rates: map[string]float64{"/a": 4, "/b": 4}, need: needsOf{"/a": quickAnswers, "/b": usualAnswers},
			slow: times(10, func(_ time.Duration, path string, member, _ int) bool { return path == "/b" && member == 6 }),
		}, "g-noisy-member"},
		"the members pause": {model{
			rates: map[string]float64{"/a": 3, "/b": 3, "/c": 3}, need: needsOf{"/a": quickAnswers, "/b": quickAnswers, "/c": usualAnswers},
			frozen: pauses("", 23*time.Second, 2100*time.Millisecond),
		}, ""},
		"a few workers have nearly too much to do": {model{
			workers: 3, rates: map[string]float64{"/a": 4, "/b": 4}, need: needsOf{
				"/a": fixed(650 * time.Millisecond),
				"/b": fixed(650 * time.Millisecond),
			},
		}, ""},
	} {
		logs := c.evidences(t)
		for _, kind := range []string{"Causeway", "v1"} { // which know most and least
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				r := logs[kind].Diagnose()
				story.Spares(t, r, "d-slow-route", "d-timeout-below-latency", "d-hung", "g-cpu-queueing", "d-cold-start")
				if g := r.Undetermined.Groups; r.Failures < 8 || len(g) > 0 && c.first != "" && g[0].Rivals[0].Cause != c.first {
					t.Errorf("%d failures, %s\n%s", r.Failures, c.first, story.TextOf(t, r))
				}
			})
		}
	}
}

// A member that has had nothing to do for ten minutes needs longer than the timeout for what comes first.
func TestColdStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		azure, reused bool
		want          []string
	}{
		{false, false, []string{"d-cold-start high 10"}},
		{true, false, []string{"d-cold-start medium 10"}},
		{false, true, nil}, // then the way may have forgotten the connection
	} {
		t.Run(fmt.Sprintf("azure %v, reused %v", c.azure, c.reused), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Azure = c.azure
			for range 5 {
				s.After(10 * time.Minute)
				for range 2 {
					s.After(100 * time.Millisecond)
					if c.reused {
						s.Request(4, story.Reused(10*time.Minute, 3), story.Fails(story.TimeoutFault, 2*time.Second))
					} else {
						s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
					}
				}
				s.After(5 * time.Minute)
				for range 40 {
					s.After(2 * time.Second).Request(4)
				}
			}
			r := s.Diagnose()
			if c.reused {
				for _, f := range r.Findings {
					if f.Cause == "d-cold-start" {
						t.Errorf("on connections that had been idle as long: %s", f.Confidence)
					}
				}
				return
			}
			story.Expect(t, r, c.want...)
		})
	}
}

// More of what looks like a cause that is not at work: the same picture, by another mechanism.

// What comes first after a quiet time is late. If it is a report that nobody requests at another time, it may be late at any.
func TestSlowRequestThatComesFirst(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, usualPath bool) {
		path := "/report"
		if usualPath {
			path = "/a"
		}
		for range 8 {
			s.After(time.Minute).Request(4, story.Path(path), story.Fails(story.TimeoutFault, 2*time.Second))
			s.After(3*time.Second).Traffic(5*time.Second, []int{4})
		}
	}, "d-cold-start")
}

// What comes first after a quiet time is late. If it came on a connection that was as quiet, a firewall may have forgotten that
// connection.
func TestForgottenConnectionsAfterQuietTimes(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, newConnection bool) {
		s.Azure = true
		for i := range 8 {
			s.After(5 * time.Minute)
			if newConnection {
				s.Request(4, story.Port(31000+i), story.Fails(story.TimeoutFault, 2*time.Second))
			} else {
				s.Request(4, story.Port(21000+i), story.Reused(5*time.Minute, 3), story.Fails(story.TimeoutFault, 2*time.Second))
			}
			for j := range 40 {
				s.After(4*time.Second).Request(4, story.Port(21001+i), story.Took(time.Duration(j+1)*time.Millisecond))
			}
		}
	}, "d-cold-start")
}

// What comes after a quiet time waits for too long. If much comes at once, and the first of it is answered, it is the crowd, not the
// quiet.
func TestCrowdAfterQuietTimes(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, few bool) {
		for range 8 {
			s.After(time.Minute)
			for i := range 40 {
				switch {
				case few && i > 1:
				case !few && i < 10:
					s.Request(4)
				default:
					s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
				}
			}
			s.After(3 * time.Second)
			for range 40 {
				s.After(time.Second).Request(4)
			}
		}
	}, "d-cold-start")
}
