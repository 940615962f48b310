package traffic

import (
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/stats"
)

// RouteKey is a route under settings: a method and a path template.
type RouteKey struct{ Settings, Method, Path string }

// RouteStats is how long a route's answers take.
type RouteStats struct {
	Answered int
	NotFound int // answers 404
	Broken   int // attempts that ended without an answer
	Waits    stats.Histogram
	Answers  *stats.Timeline
	Tried    *stats.Timeline // when attempts began
	Slow     *stats.Timeline // answers in the last third before the request timeout
	Pool     string
	Rule     string // that led there first
	Method   string // with the path, the route
	Path     string
	After    Afterwards // what happened to connections after its answers
}

// Slowest answer of the route.
func (r *RouteStats) Slowest() time.Duration { return r.Waits.Max }

// LastThird is how many answers came between two thirds of a limit and the limit.
func (r *RouteStats) LastThird(limit time.Duration) int {
	if limit == 0 {
		return 0
	}
	return r.Waits.Between(limit*2/3, max(limit, r.Waits.Max))
}

// TogetherOf adds up the answers of routes: their number and how long they took.
func TogetherOf(routes []*RouteStats) *RouteStats {
	if len(routes) == 1 {
		return routes[0]
	}
	sum := &RouteStats{}
	for _, r := range routes {
		sum.Answered += r.Answered
		sum.Broken += r.Broken
		sum.Waits.Merge(&r.Waits)
	}
	return sum
}

// answer counts an answer of a route, under a request timeout; 0 if that is not known.
func (route *RouteStats) answer(r *accesslog.Record, a *accesslog.Attempt, limit time.Duration) {
	route.Answered++
	if a.Status == 404 {
		route.NotFound++
	}
	route.Answers.Add(endOf(r))
	if wait, ok := waitOf(r, a); ok {
		route.Waits.Add(wait)
		if limit > 0 && wait >= limit*2/3 {
			route.Slow.Add(r.Start)
		}
	}
	if route.Pool == "" {
		route.Pool = r.Pool
	}
}

// Route returns the stats of a route; beyond maxRoutes all further ones share one. Of a route that the records do not name
// it returns stats without traffic.
func (s *Summary) Route(k RouteKey) *RouteStats {
	if r := s.Routes[k]; r != nil {
		return r
	}
	if r := s.Routes[otherRoutes(k)]; r != nil && len(s.Routes) >= maxRoutes {
		return r
	}
	return newRouteStats(k, s.Clock.EmptyTimeline)
}

// routeFor is Route while the records are read: it adds the route.
func (s *Summary) routeFor(k RouteKey) *RouteStats {
	r := s.Routes[k]
	if r == nil {
		if len(s.Routes) >= maxRoutes {
			k = otherRoutes(k)
			if r = s.Routes[k]; r != nil {
				return r
			}
		}
		r = newRouteStats(k, s.Clock.NewTimeline)
		s.Routes[k] = r
	}
	return r
}

func otherRoutes(k RouteKey) RouteKey { return RouteKey{Settings: k.Settings, Path: "(other)"} }

func newRouteStats(k RouteKey, timeline func() *stats.Timeline) *RouteStats {
	return &RouteStats{Method: k.Method, Path: k.Path, Answers: timeline(), Tried: timeline(), Slow: timeline()}
}
