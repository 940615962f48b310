package stage

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"time"

	"causeway/internal/lab/peers"
)

// Strangers is how many clients the background has, with addresses in 127.0.2.0/24.
const Strangers = 6

// BackgroundCauses are true of the background, in whatever scenario it goes on.
var BackgroundCauses = []string{"j-client-abort", "j-scanner"}

// scanned are paths that a scanner looks for and no application has.
var scanned = []string{"/.env", "/wp-login.php", "/.git/config", "/phpmyadmin/index.php", "/admin.php", "/cgi-bin/test"}

// withScanned adds what a server answers to a scanner.
func withScanned(paths map[string]peers.Reply) map[string]peers.Reply {
	out := map[string]peers.Reply{}
	for _, p := range scanned {
		out[p] = peers.Reply{Status: http.StatusNotFound, Text: "not found\n"}
	}
	maps.Copy(out, paths)
	return out
}

// routes are other pages, which the servers answer as they answer everything.
var routes = []string{"/catalog/", "/account/", "/search/"}

// background is what every gateway sees beside a load: a scanner, a few clients that leave at once, requests for other pages, more in
// the first half than in the second. It leaves the dice of the scenario alone.
func background(seed uint64, host string, load []TimedRequest) []TimedRequest {
	rng := rand.New(rand.NewPCG(seed, 7))
	over := time.Second
	for _, s := range load {
		over = max(over, s.At)
	}
	when := func() time.Duration { return time.Duration(rng.Float64() * rng.Float64() * float64(over)) }
	agents := []string{"Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "okhttp/4.12.0", "axios/1.7.9"}
	one := func(stranger int, path string) TimedRequest {
		return TimedRequest{
			At: when(), Path: path, Host: host, Stranger: stranger,
			Header: http.Header{"User-Agent": {agents[rng.IntN(len(agents))]}},
		}
	}
	var out []TimedRequest
	for range 4 + len(load)/40 {
		out = append(out, one(1+rng.IntN(2), scanned[rng.IntN(len(scanned))]))
	}
	for range 2 + rng.IntN(3) {
		left := one(3+rng.IntN(4), routes[rng.IntN(len(routes))]+"7")
		left.AbortAfter = time.Duration(1+rng.IntN(6)) * time.Millisecond
		out = append(out, left)
	}
	for range 6 + len(load)/10 {
		out = append(out, one(3+rng.IntN(4), routes[rng.IntN(len(routes))]+string(rune('1'+rng.IntN(9)))))
	}
	return out
}
