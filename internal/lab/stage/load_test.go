package stage

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSchedules(t *testing.T) {
	rng := func() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }
	p := Poisson(rng(), 200, 10*time.Second)
	if n := len(p); n < 1800 || n > 2200 || !slices.IsSorted(p) || p[n-1] >= 10*time.Second {
		t.Errorf("a rate of 200/s over 10 s gave %d arrivals, the last at %v", n, p[n-1])
	}
	if !slices.Equal(p, Poisson(rng(), 200, 10*time.Second)) {
		t.Error("the same seed gave another schedule")
	}
	for i, at := range Periodic(rng(), 50, 100*time.Millisecond, 20*time.Millisecond) {
		if due := time.Duration(i) * 100 * time.Millisecond; at < due || at >= due+20*time.Millisecond {
			t.Errorf("arrival %d is at %v", i, at)
		}
	}
	b := Bursts(rng(), []time.Duration{0, time.Second}, 10, 50*time.Millisecond)
	if len(b) != 20 || b[9] >= 50*time.Millisecond || b[10] < time.Second || b[19] >= 1050*time.Millisecond {
		t.Errorf("bursts at %v", b)
	}
}

func TestLoadCountsWhatClientsSee(t *testing.T) {
	var mu sync.Mutex
	froms := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		froms[host] = true
		mu.Unlock()
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusBadGateway)
		}
		if r.URL.Path == "/slow" {
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Second):
			}
		}
	}))
	defer server.Close()
	shots := []TimedRequest{{Path: "/"}, {Path: "/"}, {Path: "/bad"}, {Path: "/slow", AbortAfter: 50 * time.Millisecond}}
	told := 0
	tally := Load{
		Targets: []string{server.Listener.Addr().String()},
		Clients: 3,
		Each:    func(int, TimedRequest, Outcome) { told++ },
	}.Run(t.Context(), shots)
	server.Close() // the handler of the shot that was given up has ended
	if tally.Sent != 4 || tally.ByStatus[200] != 2 || tally.Failed() != 1 || tally.ByStatus[0] != 1 || told != 4 {
		t.Errorf("%v; told %d times", tally, told)
	}
	if !froms["127.0.1.1"] || !froms["127.0.1.2"] || !froms["127.0.1.3"] {
		t.Errorf("requests came from %v", froms)
	}
}

// TestLoadIsOpen: a server that hangs neither slows the arrivals down nor hides their latency.
func TestLoadIsOpen(t *testing.T) {
	release := make(chan struct{})
	var mu sync.Mutex
	waiting := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		if waiting++; waiting == 20 {
			close(release)
		}
		mu.Unlock()
		<-release
	}))
	defer server.Close()
	tally := Load{Targets: []string{server.Listener.Addr().String()}}.Run(t.Context(),
		Shots(Periodic(rand.New(rand.NewPCG(1, 1)), 20, 10*time.Millisecond, 0), TimedRequest{Path: "/"}))
	if tally.ByStatus[200] != 20 || tally.Percentile(1) < 190*time.Millisecond {
		t.Errorf("%v; the slowest took %v, but the first waited for the last", tally, tally.Percentile(1))
	}
}

func TestLoadEndsWithItsContext(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if tally := (Load{Targets: []string{server.Listener.Addr().String()}}).Run(ctx, []TimedRequest{{At: time.Hour, Path: "/"}}); tally.Sent != 0 {
		t.Errorf("%v after the end", tally)
	}
}

func TestUploads(t *testing.T) {
	bodies := make(chan int, 2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b strings.Builder
		buf := make([]byte, 4096)
		for {
			n, err := r.Body.Read(buf)
			b.Write(buf[:n])
			if err != nil {
				break
			}
		}
		bodies <- b.Len()
	}))
	defer server.Close()
	load := Load{Targets: []string{server.Listener.Addr().String()}, Timeout: 5 * time.Second}
	f := func(s TimedRequest, want int, least time.Duration) {
		t.Helper()
		s.Method, s.Path, s.Body = http.MethodPost, "/", 1000
		start := time.Now()
		load.Run(t.Context(), []TimedRequest{s})
		if got := <-bodies; got != want || time.Since(start) < least {
			t.Errorf("%+v: %d bytes came within %v, want %d after %v", s, got, time.Since(start), want, least)
		}
	}
	f(TimedRequest{}, 1000, 0)
	f(TimedRequest{Short: true}, 500, 0)
	f(TimedRequest{Pause: 5 * time.Millisecond}, 1000, 45*time.Millisecond)
}
