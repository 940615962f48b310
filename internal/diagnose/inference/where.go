package inference

import (
	"math"
	"strings"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// Where failures lie is tested against the requests that did not fail: a place is named if it holds nearly all of the failures, many more
// than its share of the requests explains, by Fisher's exact test after correction for all places that were tried. Failures of one second
// count once. Of two places that hold for each other's reason only, the one that explains the other is named.

// dimension is one way in which requests have places.
type dimension struct {
	name string
	at   func(w *whereSearch, k traffic.ExposureKey) string // place of a cell; empty: none
	set  func(*report.Where, string)
}

// dimensions are in the order in which a place explains another: a route that one member alone serves is that member's.
var dimensions = []dimension{
	{"member", (*whereSearch).member, func(w *report.Where, s string) { w.Member = s }},
	{"path", (*whereSearch).path, func(w *report.Where, s string) { w.Path = s }},
	{"method", func(_ *whereSearch, k traffic.ExposureKey) string {
		if k.Route == nil {
			return ""
		}
		return k.Route.Method
	}, func(w *report.Where, s string) { w.Method = s }},
	{
		"listener", func(s *whereSearch, k traffic.ExposureKey) string { return s.x.Listener(k) },
		func(w *report.Where, s string) { w.Listener = s },
	},
	{
		"instance", func(s *whereSearch, k traffic.ExposureKey) string { return s.x.Instance(k) },
		func(w *report.Where, s string) { w.Instance = s },
	},
}

const (
	nearlyAll     = 0.9    // of the failures, that a place must hold
	mostOfTraffic = 2 / 3. // of the requests, beyond which a place is nothing special
	timesAsMuch   = 3      // as often as elsewhere, at least, that requests must fail there
)

// whereSearch looks for what events have in common.
type whereSearch struct {
	c      *Case
	x      *traffic.Exposure
	events []*traffic.Event
	cells  []traffic.ExposureKey // of the events
	keys   map[*traffic.MemberStats]traffic.MemberKey
	prefix string // that nearly all paths of the events begin with
	tried  int    // places of all dimensions
}

// place is one that may be named.
type place struct {
	dimension
	value  string
	pools  map[traffic.PoolKey]bool // of a member: the pools whose members are compared; nil: all requests are
	events []*traffic.Event
	table  table
	brief  bool // it was compared with the others in the seconds of the failures only
	shared bool // the requests do not separate it from another place
}

// Where is what nearly all events have in common and other requests do not; nil where nothing is. All are the failures among which the
// events are, to say of how many they are.
func (c *Case) Where(events, all []*traffic.Event) *report.Where {
	if len(events) < 3 || c.Traffic.Exposure.Full {
		return nil
	}
	s := &whereSearch{c: c, x: &c.Traffic.Exposure, events: events, keys: map[*traffic.MemberStats]traffic.MemberKey{}}
	for k, m := range c.Traffic.Members {
		s.keys[m] = k
	}
	for _, e := range events {
		s.cells = append(s.cells, c.Traffic.CellOf(e))
	}
	s.prefix = s.commonPath()
	s.tried = s.count()
	found := s.independent(s.standing())
	if p, ok := s.client(); ok {
		found = s.withClient(found, p)
	}
	out := &report.Where{}
	for i := range found {
		found[i].set(out, found[i].value)
	}
	s.within(out)
	if *out == (report.Where{}) {
		return nil
	}
	return s.finish(out, found, all)
}

func nameOfMember(k traffic.MemberKey) string {
	switch {
	case k.Server.Addr().IsLoopback() && !strings.HasPrefix(k.Member, "127."): // a rehearsal on one machine
		return k.Member
	case k.Server.IsValid() && k.Server.Port() > 0:
		return k.Server.String()
	case k.Server.IsValid(): // first-generation logs have no port
		return k.Server.Addr().String()
	}
	return k.Member
}

func (s *whereSearch) member(k traffic.ExposureKey) string {
	if k.Member == nil {
		return ""
	}
	return nameOfMember(s.keys[k.Member])
}

// path is the common beginning where the path of a cell has it, and the path itself otherwise.
func (s *whereSearch) path(k traffic.ExposureKey) string {
	if k.Route == nil || k.Route.Path == "" {
		return ""
	}
	if s.prefix != "" && under(k.Route.Path, s.prefix) {
		return s.prefix
	}
	return trimmed(k.Route.Path)
}

// trimmed is a template without ids at its end.
func trimmed(path string) string {
	for strings.HasSuffix(path, "/*") && len(path) > 2 {
		path = strings.TrimSuffix(path, "/*")
	}
	return path
}

func under(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix) && path[len(prefix)] == '/'
}

// commonPath is the longest beginning, in whole segments, of nearly all paths of the events.
func (s *whereSearch) commonPath() string {
	counts := map[string]int{}
	for _, k := range s.cells {
		if k.Route == nil {
			continue
		}
		path := trimmed(k.Route.Path)
		for i := 1; i <= len(path); i++ {
			if i == len(path) || path[i] == '/' {
				counts[path[:i]]++
			}
		}
	}
	best := ""
	for _, p := range units.SortedKeys(counts) {
		if float64(counts[p]) >= nearlyAll*float64(len(s.cells)) && len(p) > len(best) {
			best = p
		}
	}
	return trimmed(best)
}

// count is how many places there are, of all dimensions together.
func (s *whereSearch) count() int {
	n := len(s.c.Traffic.Members) + len(s.c.Traffic.Routes) + len(s.c.Traffic.Instances)
	methods, listeners := map[string]bool{}, map[string]bool{}
	for k := range s.x.Cells {
		listeners[s.x.Listener(k)] = true
		if k.Route != nil {
			methods[k.Route.Method] = true
		}
	}
	return n + len(methods) + len(listeners)
}

// standing are the places, one of a dimension at most, that hold nearly all events and stand out.
func (s *whereSearch) standing() (out []place) {
	for _, d := range dimensions {
		if d.name == "member" && s.triedElsewhere() || d.name == "method" && s.refused() {
			continue
		}
		p := s.holding(d)
		if d.name == "path" && s.refused() && s.invented(p.value) {
			continue
		}
		if p.value == "" || float64(len(p.events)) < nearlyAll*float64(len(s.events)) {
			continue
		}
		p.table = s.tableOf(&p, nil)
		if !p.table.standsOut(s.tried) {
			s.besideOthers(&p)
		}
		if p.table.standsOut(s.tried) {
			out = append(out, p)
		}
	}
	return out
}

// triedElsewhere reports whether a good part of the requests met other members before the one that the log names last.
func (s *whereSearch) triedElsewhere() bool {
	return 10*len(traffic.Filter(s.events, waitedElsewhere)) > len(s.events)
}

// invented reports whether a path of requests that no member was asked for says nothing of a page: that of requests whose line the gateway
// could not read is logged as /, and what scanners try differs from one to the next, and nobody answers it.
func (s *whereSearch) invented(path string) bool {
	if path == "/" || !strings.Contains(path, "*") {
		return path == "/"
	}
	for k, r := range s.c.Traffic.Routes {
		if k.Path == path && r.Answered > r.NotFound {
			return false
		}
	}
	return true
}

// refused reports whether the gateway itself refused most requests, before it asked a member.
func (s *whereSearch) refused() bool {
	return 2*len(traffic.Filter(s.events, func(e *traffic.Event) bool { return e.Fault.Side == fault.Client && !e.Tried })) > len(s.events)
}

// holding is the place of a dimension that holds the most events.
func (s *whereSearch) holding(d dimension) place {
	by := map[string][]*traffic.Event{}
	for i, e := range s.events {
		if v := d.at(s, s.cells[i]); v != "" {
			by[v] = append(by[v], e)
		}
	}
	p := place{dimension: d}
	for _, v := range units.SortedKeys(by) {
		if len(by[v]) > len(p.events) {
			p.value, p.events = v, by[v]
		}
	}
	if d.name == "member" {
		p.pools = map[traffic.PoolKey]bool{}
		for _, k := range s.cells {
			if p.value != "" && d.at(s, k) == p.value {
				p.pools[s.poolOf(k)] = true
			}
		}
		if p.pools[traffic.PoolKey{}] { // of which pool it was, the document no longer says
			p.pools = nil
		}
	}
	return p
}

// independent drops the places that stand out only because of another one: those that do not within it, while it does within them.
// Of two that the requests do not tell apart, the earlier stays.
func (s *whereSearch) independent(found []place) []place {
	dropped := make([]bool, len(found))
	for i := range found {
		for j := i + 1; j < len(found); j++ {
			if dropped[i] || dropped[j] {
				continue
			}
			a, b := s.tableOf(&found[i], &found[j]), s.tableOf(&found[j], &found[i])
			first, second := a.standsOut(1), b.standsOut(1)
			switch {
			case first && second:
			case second:
				dropped[i] = true
			default:
				dropped[j] = true
				found[i].shared = found[i].shared || !first && !(a.apart() && b.apart()) || !first && !second
			}
		}
	}
	var out []place
	for i := range found {
		if !dropped[i] {
			out = append(out, found[i])
		}
	}
	return out
}

// client is the one whose requests nearly all events are, where others ask for the same and get it.
func (s *whereSearch) client() (p place, ok bool) {
	by, events := map[string]int{}, map[string][]*traffic.Event{}
	for _, e := range s.events {
		if a := e.Client; a.IsValid() {
			by[a.String()]++
			events[a.String()] = append(events[a.String()], e)
		}
	}
	for _, v := range units.SortedKeys(by) {
		if len(events[v]) > len(p.events) {
			p.value, p.events = v, events[v]
		}
	}
	if float64(len(p.events)) < nearlyAll*float64(len(s.events)) || s.x.ClientsFull {
		return p, false
	}
	p.name, p.set = "client", func(w *report.Where, v string) { w.Client = v }
	routes := map[*traffic.RouteStats]bool{}
	for _, k := range s.cells {
		routes[k.Route] = true
	}
	clients := map[string]bool{}
	for k, n := range s.x.Clients {
		if !routes[k.Route] { // others must ask for the same
			continue
		}
		clients[k.Client.String()] = true
		p.table.all += n
		if k.Client == p.events[0].Client {
			p.table.requests += n
		}
	}
	p.table.failures = DistinctSeconds(p.events)
	p.table.them = DistinctSeconds(s.events)
	p.table.them = max(p.table.them, p.table.failures)
	p.table.chance = stats.HypergeometricTail(p.table.failures, p.table.requests, min(p.table.them, p.table.all), p.table.all)
	return p, p.table.standsOut(s.tried + len(clients))
}

// withClient adds a client to the places, without those that stand out because of it: others are there too and do not fail, or the client
// fails elsewhere as well. Where nothing shows which of the two it is, the place stays and the client goes.
func (s *whereSearch) withClient(found []place, client place) []place {
	out, total := []place{}, 0
	for k, n := range s.x.Clients {
		if k.Client == client.events[0].Client {
			total += n
		}
	}
	for _, p := range found {
		t := s.tableOf(&p, nil)
		within := table{requests: min(total, t.requests), all: t.requests, failures: client.table.failures, them: client.table.them}
		switch {
		case p.name == "path" || p.name == "method":
			if t := s.routesOf(&client, &p, total); t.standsOut(1) {
				out = append(out, p)
			}
			continue
		case within.failures > within.requests:
			return found
		}
		within.chance = stats.HypergeometricTail(within.failures, within.requests, within.them, within.all)
		if !within.standsOut(1) {
			return found
		}
	}
	return append(out, client)
}

// routesOf counts the requests of a client on a path and elsewhere.
func (s *whereSearch) routesOf(client, p *place, total int) (t table) {
	t.all, t.failures, t.them = total, DistinctSeconds(p.events), DistinctSeconds(client.events)
	t.them = max(t.them, t.failures)
	for k, n := range s.x.Clients {
		if k.Client == client.events[0].Client && p.at(s, traffic.ExposureKey{Route: k.Route}) == p.value {
			t.requests += n
		}
	}
	t.chance = stats.HypergeometricTail(t.failures, t.requests, min(t.them, t.all), t.all)
	return t
}

// within names the moment from which on, or until which, the events happened, where requests came before it or after it too.
func (s *whereSearch) within(out *report.Where) {
	first, last := s.events[0].Start, s.events[0].Start
	for _, e := range s.events {
		first, last = units.Earlier(first, e.Start), units.Later(last, e.Start)
	}
	before, after, all := 0, 0, 0
	for _, b := range s.c.inOrder() {
		all += b.Requests
		if b.At.Add(s.c.Traffic.Line.Width).Before(first) {
			before += b.Requests
		}
		if b.At.After(last) {
			after += b.Requests
		}
	}
	n, gap := DistinctSeconds(s.events), max(s.c.Traffic.To.Sub(s.c.Traffic.From)/20, 60*stats.Burst)
	if Apart(s.events, gap) > 1 || n < stats.MinEvents || all == 0 {
		return
	}
	never := func(outside int) bool {
		return 10*outside >= all && math.Pow(1-float64(outside)/float64(all), float64(n))*float64(s.tried+2) < stats.Significance
	}
	if never(before) {
		out.From = units.Stamp(first)
	}
	if never(after) {
		out.Until = units.Stamp(last)
	}
}

// inOrder is the time line in order, made once.
func (c *Case) inOrder() []*traffic.Bucket {
	if c.Ordered == nil {
		c.Ordered = c.Traffic.Line.List()
	}
	return c.Ordered
}
