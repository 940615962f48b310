package diagnose

import (
	"cmp"
	"fmt"
	"math"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"
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
	paths := sortedKeys(m.rates)
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
func (m *model) play(t *testing.T) *story {
	s := newStory(t)
	s.azure = m.azure || m.v1
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, fmt.Sprintf(`"requestTimeout":%d`, m.limit), 1)
	rnd, begin, limit := rand.New(rand.NewSource(1)), s.at, time.Duration(m.limit)*time.Second
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
		s.at = begin.Add(a.at)
		if m.azure {
			s.at = s.at.Truncate(time.Second)
		}
		s.request(a.member, path(a.path), from(a.client), active(here), took(a.end-a.at))
		if a.end-a.at > limit {
			s.records = s.records[:len(s.records)-1]
			s.request(a.member, path(a.path), from(a.client), active(here), fails(timeoutFault, limit))
		}
		if m.v1 {
			r := &s.records[len(s.records)-1]
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

func around(median time.Duration, sigma float64) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		return time.Duration(float64(median) * math.Exp(sigma*r.NormFloat64()))
	}
}

// needsOf is how long requests take by themselves, by path.
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
func (m model) evidences(t *testing.T) map[string]*story {
	m.limit, m.members, m.lasts = 2, cmp.Or(m.members, 2), cmp.Or(m.lasts, 5*time.Minute)
	azure, v1 := m.stretched(10), m.stretched(10)
	azure.azure, v1.v1 = true, true
	noDocument := azure.play(t)
	noDocument.noDoc = true
	return map[string]*story{"Causeway": m.play(t), "Azure": azure.play(t), "v1": v1.play(t), "no document": noDocument}
}

var (
	quickAnswers = fixed(20 * time.Millisecond)
	usualAnswers = around(150*time.Millisecond, 0.5)
	twoPaths     = map[string]float64{"/a": 1.5, "/b": 1.5}
)

// What is late here would be in time by itself. A longer timeout is no cure, and the kind of request is not to blame: the report
// says which times or which member it was, and names what that may be, the likeliest first.
func TestRequestsThatAreMadeLate(t *testing.T) {
	for name, c := range map[string]struct {
		model
		first string // rival
	}{
		"a table is locked now and then": {model{
			rates: map[string]float64{"/a": 5, "/orders": 4}, need: needsOf{"/a": quickAnswers, "/orders": quickAnswers},
			frozen: pauses("/orders", 40*time.Second, 3500*time.Millisecond),
		}, "d-db-lock"},
		"one request at a time, on one path": {model{
			rates: map[string]float64{"/a": 5, "/report": 3}, need: needsOf{"/a": quickAnswers, "/report": around(280*time.Millisecond, 0.4)},
			lock: func(path string) bool { return path == "/report" },
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
			members: 3, rates: map[string]float64{"/a": 4, "/b": 4}, need: needsOf{"/a": quickAnswers, "/b": around(600*time.Millisecond, 0.3)},
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
			workers: 3, rates: map[string]float64{"/a": 4, "/b": 4}, need: needsOf{"/a": fixed(650 * time.Millisecond), "/b": fixed(650 * time.Millisecond)},
		}, ""},
	} {
		logs := c.evidences(t)
		for _, kind := range []string{"Causeway", "v1"} { // which know most and least
			t.Run(name+", "+kind, func(t *testing.T) {
				r := logs[kind].diagnose()
				spares(t, r, "d-slow-route", "d-timeout-below-latency", "d-hung", "g-cpu-queueing", "d-cold-start")
				if g := r.Undetermined.Groups; r.Failures < 8 || len(g) > 0 && c.first != "" && g[0].Rivals[0].Cause != c.first {
					t.Errorf("%d failures, %s\n%s", r.Failures, c.first, textOf(t, r))
				}
			})
		}
	}
}

// These are late for their own sake, at any time and wherever they go: by day there are more of them, but not of a kind.
func TestRequestsThatAreLateByThemselves(t *testing.T) {
	day := func(at time.Duration) float64 { return 0.5 - 0.45*math.Cos(2*math.Pi*at.Minutes()/10) }
	for name, c := range map[string]struct {
		model
		cause string
	}{
		"a path that often takes too long":  {model{rates: map[string]float64{"/a": 5, "/report": 1}, need: needsOf{"/a": quickAnswers, "/report": around(1300*time.Millisecond, 0.4)}}, "d-slow-route"},
		"a path that seldom takes too long": {model{rates: map[string]float64{"/a": 5, "/report": 2}, need: needsOf{"/a": quickAnswers, "/report": around(900*time.Millisecond, 0.4)}}, "d-slow-route"},
		"a path that is asked for by day": {model{
			lasts: 20 * time.Minute, rates: map[string]float64{"/a": 2, "/report": 0.5}, need: needsOf{"/a": quickAnswers, "/report": around(1300*time.Millisecond, 0.4)}, rate: day,
		}, "d-slow-route"},
		"one customer has much on a path": {model{
			rates: map[string]float64{"/a": 5, "/b": 5}, need: needsOf{"/a": quickAnswers, "/b": around(60*time.Millisecond, 0.5)},
			slow: times(25, func(_ time.Duration, path string, _, client int) bool { return path == "/b" && client == 3 }),
		}, "d-slow-route"},
		"all take long": {model{rates: twoPaths, need: needsOf{"/a": around(900*time.Millisecond, 0.5), "/b": around(900*time.Millisecond, 0.5)}}, "d-timeout-below-latency"},
		"all take long, by day": {model{
			lasts: 20 * time.Minute, rates: twoPaths, need: needsOf{"/a": around(900*time.Millisecond, 0.5), "/b": around(800*time.Millisecond, 0.5)}, rate: day,
		}, "d-timeout-below-latency"},
	} {
		for kind, s := range c.evidences(t) {
			t.Run(name+", "+kind, func(t *testing.T) {
				confidence := map[bool]string{true: Medium, false: High}[s.noDoc]
				if r := s.diagnose(); r.Verdict == nil || r.Verdict.Cause != c.cause || r.Verdict.Confidence != confidence || r.Undetermined.Failures > 0 {
					t.Errorf("want %s %s\n%s", c.cause, confidence, textOf(t, r))
				}
			})
		}
	}
}

// On the first generation the time of a request holds that of its client. Large files go to slow clients, and some requests for
// them are lost: how long the member took for the others is not known.
func TestSlowClientsAreNoSlowAnswersOnV1(t *testing.T) {
	m := model{limit: 20, members: 2, lasts: 20 * time.Minute, rates: map[string]float64{"/a": 0.5, "/file": 0.5}, v1: true, need: needsOf{"/a": quickAnswers, "/file": func(r *rand.Rand) time.Duration {
		if r.Intn(10) == 0 {
			return time.Hour
		}
		return time.Duration(r.Int63n(int64(20 * time.Second)))
	}}}
	s := m.play(t)
	for i := range s.records {
		if r := &s.records[i]; string(r.URI) == "/file" && r.Status == 200 {
			r.Sent = 5 << 20
		}
	}
	spares(t, s.diagnose(), "d-slow-route", "d-timeout-below-latency", "d-hung")
}

// The one who asks for the long reports is bound to a member by a cookie. Another member would be no quicker.
func TestHeavyUserIsNoSlowMember(t *testing.T) {
	s, rnd := newStory(t), rand.New(rand.NewSource(1))
	s.doc = sticky(storyDocument)
	for i := range 300 {
		s.after(time.Second).request(4+i%3, from(i%20))
		s.request(4+i%2, path("/report"), from(i%20), took(300*time.Millisecond))
		if d := around(1300*time.Millisecond, 0.4)(rnd); d < 2*time.Second {
			s.request(6, path("/report"), from(99), took(d))
		} else {
			s.request(6, path("/report"), from(99), fails(timeoutFault, 2*time.Second))
		}
	}
	r := s.diagnose()
	spares(t, r, "g-noisy-member")
	if strings.Contains(textOf(t, r), "if it were as quick as its equals") {
		t.Error("the member is called slow")
	}
}
