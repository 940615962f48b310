package stage

import (
	"context"
	"sync"
	"time"
)

// Steady is a load of so many requests a second, whatever becomes of them: users do not wait for each other.
type Steady struct {
	Target   string  // host:port of the gateway
	Rate     float64 // requests a second; 0: each client sends the next one when it has the answer
	Clients  int     // that share the requests in turn, each with an address 127.0.1.x and connections of its own; at least 1
	Timeout  time.Duration
	Request  TimedRequest
	Requests int                           // that a client sends on a connection before it takes another; 0: any number
	Each     func(at time.Time, o Outcome) // gets every outcome, with the time at which its request was due; one at a time
}

// tick is how often requests that are due are sent.
const tick = 5 * time.Millisecond

// Run sends until ctx ends, and waits for the requests under way.
func (s Steady) Run(ctx context.Context) {
	clients := Load{Targets: []string{s.Target}, Timeout: s.Timeout}.clients(1, max(1, s.Clients))
	defer func() {
		for _, c := range clients {
			c.http.CloseIdleConnections()
		}
	}()
	if s.Rate > 0 {
		s.arrivals(ctx, clients)
	} else {
		s.turns(ctx, clients)
	}
}

// turns has every client send one request after the other.
func (s Steady) turns(ctx context.Context, clients []*client) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i, c := range clients {
		wg.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				due := time.Now()
				s.one(&mu, c, n, due)
			}
		})
	}
	wg.Wait()
}

// arrivals sends requests at their times.
func (s Steady) arrivals(ctx context.Context, clients []*client) {
	var wg sync.WaitGroup
	defer wg.Wait()
	var mu sync.Mutex
	clock := time.NewTicker(tick)
	defer clock.Stop()
	begin := time.Now()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
		for ; float64(n) < s.Rate*time.Since(begin).Seconds(); n++ {
			number, due := n, begin.Add(time.Duration(float64(n)/s.Rate*float64(time.Second)))
			wg.Go(func() { s.one(&mu, clients[number%len(clients)], number, due) })
		}
	}
}

// one sends the request of a number, and reports what became of it.
func (s Steady) one(mu *sync.Mutex, c *client, n int, due time.Time) {
	r := s.Request
	r.Last = s.Requests > 0 && (n/max(1, s.Clients)+n)%s.Requests == 0 // clients take turns at it
	o := c.shoot(context.Background(), c.target, r)
	o.Latency = time.Since(due)
	mu.Lock()
	defer mu.Unlock()
	s.Each(due, o)
}
