// Package load asks for what wrk cannot: requests at fixed times, whatever became of the ones before, and a full TLS
// handshake for each request.
package load

import (
	"fmt"
	"slices"
	"time"
)

// Spec is the load to play on a server of this machine. Every answer is to have a Content-Length.
type Spec struct {
	Port        int
	Path        string
	Connections int           // at least 1
	Length      time.Duration // for which requests are sent
	Rate        float64       // requests a second, on connections that are kept; 0: as fast as answers come, with a TLS handshake each
}

// Result is what came of it.
type Result struct {
	Requests int // that were answered
	Errors   int // answers other than 200, requests without one
	Rate     float64
	P50, P99 time.Duration // of the answered ones
}

// Play plays it. An error says that it could not be played.
func Play(s Spec) (Result, error) {
	if s.Connections < 1 || s.Length <= 0 || s.Rate < 0 {
		return Result{}, fmt.Errorf("%+v is no load: connections and length must be positive, the rate not negative", s)
	}
	if s.Rate > 0 {
		return steady(s)
	}
	return handshakes(s)
}

// summarize makes the result of what was measured in took.
func summarize(latencies []time.Duration, errors int, took time.Duration) Result {
	r := Result{Requests: len(latencies), Errors: errors, Rate: float64(len(latencies)) / took.Seconds()}
	if len(latencies) == 0 {
		return r
	}
	slices.Sort(latencies)
	r.P50, r.P99 = latencies[len(latencies)/2], latencies[len(latencies)*99/100]
	return r
}

func question(path string, fields string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: bench\r\n" + fields + "\r\n")
}
