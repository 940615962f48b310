package stage

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Visitors ask for all of their pages on one connection, come at their rate whatever becomes of others, and give up in the end.
func TestVisitors(t *testing.T) {
	var pages atomic.Int64
	var mu sync.Mutex
	connections := map[string]bool{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		connections[r.RemoteAddr] = true
		mu.Unlock()
		if pages.Add(1) > 30 {
			<-r.Context().Done()
		}
	}))
	defer server.Close()
	served, gaveUp := 0, 0
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	Visitors{
		Target:  server.Listener.Addr().String(),
		TLS:     &tls.Config{InsecureSkipVerify: true},
		Rate:    40,
		Pages:   3,
		Timeout: 300 * time.Millisecond,
		Each: func(_ time.Time, o Outcome) {
			switch o.Status {
			case http.StatusOK:
				served++
			case 0:
				gaveUp++
			}
		},
	}.Run(ctx)
	mu.Lock() // the server may still look at one whose visitor has left
	defer mu.Unlock()
	if served < 5 || served > 10 || gaveUp < 5 || len(connections) < served+gaveUp {
		t.Errorf("%d were served and %d gave up, on %d connections", served, gaveUp, len(connections))
	}
}
