package lab

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"causeway/internal/lab/nginx"
	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
	"causeway/internal/lab/stretch"
)

// notThroughNginx says why a scenario is not played with nginx as the gateway. What is at work in it is Causeway's own doing, or nginx
// does not do it.
var notThroughNginx = map[string]string{
	"early-answer-but-fine": "nginx loses some of the early answers, so that it is not fine there",
	"status-line":           "nginx takes an answer without a status line for one of HTTP/0.9, and passes it on",
	"interim":               "nginx passes a 101 on, and nothing fails",
	"partial-rotation":      "nginx goes on with the sessions that it has, and the prober takes the member out first: nothing fails",
	"gateway-drain":         "how the gateway itself ends is Causeway's own",
	"proxy-loop":            "nginx adds nothing to a request by which it knows itself again",
	"applies-but-fine":      "what an apply does to requests under way is Causeway's own",
	"slow-upload":           "a minute of waiting for one client, which nginx's log says no other way than Causeway's",
	"slow-ones-pile-up":     "turns fall at two instances as they like, and nothing fails",
	"pipelining-but-fine":   "nginx's log has one time for requests that arrive together",
}

// PlayNginx plays a scenario with nginx as the gateway and diagnoses what Azure would have exported of it. With keep the evidence stays
// in that directory, and the truth beside it in a file of the same name and .truth.json.
func PlayNginx(ctx context.Context, s stage.Scenario, seed uint64, keep string) (*Result, error) {
	began := time.Now()
	dir, err := directory(keep)
	if err != nil {
		return nil, err
	}
	if keep == "" {
		defer os.RemoveAll(dir)
	}
	on := stage.New(ctx, dir, seed)
	on.Background, on.Sources = true, &peers.Sources{}
	options := nginxOptions(s.Name, seed, s.Name)
	options.Sources = on.Sources
	on.StartFront = func(dir string, site stage.Site) (stage.Front, error) { return nginx.Start(dir, site, options) }
	s.Play(on)
	on.Close()
	if on.Err != nil {
		return nil, fmt.Errorf("play %s through nginx: %w", s.Name, on.Err)
	}
	r := &Result{
		Scenario: s.Name, Seed: seed, Truth: truthThroughNginx(on.Located(s.Truth), options), Open: s.Open, Known: s.Known, Loads: on.Loads,
		Beside: stage.BackgroundCauses, Dir: keep,
	}
	r.places = []placeOf{{Common: on.Common(), azure: true, coarse: options.Form == nginx.First, beside: r.strangersLost()}}
	if r.Azure, err = r.judge(dir, true); err != nil {
		return nil, fmt.Errorf("diagnose %s through nginx: %w", s.Name, err)
	}
	r.Took = time.Since(began)
	if keep != "" {
		err = keepTruth(keep, s, r, options)
	}
	return r, err
}

// ThroughNginx reports whether a scenario is played with nginx as the gateway, or why it is not.
func ThroughNginx(s stage.Scenario) (plays bool, why string) {
	if s.Made {
		return false, "its evidence is made"
	}
	why = notThroughNginx[s.Name]
	return why == "", why
}

// twice are scenarios whose cause is a second attempt.
var twice = []string{"retry-doubling", "hidden-by-retry", "idle-race-hidden"}

// toldByReason are scenarios whose failures show in error_info alone, which first-generation gateways do not have.
var toldByReason = []string{
	"slow-body", "read-gap", "silent-stream", "short-body", "bad-chunk", "two-lengths", "broken-download", "short-bodies-both-ways",
}

// nginxOptions vary form, echo and retries with the play and the seed, as far as its scenarios need none of them.
func nginxOptions(play string, seed uint64, scenarios ...string) nginx.Options {
	needs := func(list []string) bool {
		return slices.ContainsFunc(list, func(name string) bool { return slices.Contains(scenarios, name) })
	}
	h := fnv.New64a()
	h.Write([]byte(play))
	n := h.Sum64()>>9 + seed
	form := nginx.Forms[n%uint64(len(nginx.Forms))]
	retries := n/uint64(len(nginx.Forms))%2 == 0 || needs(twice)
	if form == nginx.First {
		if needs(toldByReason) || needs(twice) {
			form = nginx.Blob
		} else {
			retries = false // the first generation asks no second member
		}
	}
	return nginx.Options{
		Form:    form,
		Echo:    echoes(play, seed),
		Retries: retries,
	}
}

// truthThroughNginx is a truth with what the options add to it.
func truthThroughNginx(truth []stage.Truth, o nginx.Options) []stage.Truth {
	if o.Retries {
		return triedTwice(truth)
	}
	return truth
}

// triedTwice adds a second attempt of the gateway's, which is true wherever timeouts are tried twice.
func triedTwice(truth []stage.Truth) []stage.Truth {
	out := slices.Clone(truth)
	for i := range out {
		out[i].Also = append(slices.Clone(out[i].Also), "d-retry-doubling")
	}
	return out
}

// keepTruth writes what is known of a play beside its evidence.
func keepTruth(dir string, s stage.Scenario, r *Result, o nginx.Options) error {
	b, err := json.MarshalIndent(map[string]any{
		"name": s.Name, "story": s.Story, "seed": r.Seed, "slower": stretch.Factor, "form": o.Form, "echo": o.Echo, "retries": o.Retries,
		"open":  s.Open,
		"truth": r.Truth, "known": s.Known,
		"background": map[string]any{"causes": stage.BackgroundCauses, "clients": "198.51.100.0/24"},
	}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Clean(dir)+".truth.json", append(b, '\n'), 0o600)
}

// PlayAllNginx plays the scenarios that nginx can play, as PlayAll does. With keep the evidence of each stays in a directory of its name
// below it.
func PlayAllNginx(ctx context.Context, scenarios []stage.Scenario, seed uint64, keep string, tell func(stage.Scenario, *Result, error)) {
	scenarios = slices.DeleteFunc(slices.Clone(scenarios), func(s stage.Scenario) bool {
		plays, _ := ThroughNginx(s)
		return !plays
	})
	slices.SortStableFunc(scenarios, func(a, b stage.Scenario) int { return cmp.Compare(b.Lasts, a.Lasts) })
	var mu sync.Mutex
	each(AtOnce, scenarios, func(s stage.Scenario) {
		dir := ""
		if keep != "" {
			dir = filepath.Join(keep, s.Name)
		}
		r, err := PlayNginx(ctx, s, seed, dir)
		mu.Lock()
		defer mu.Unlock()
		tell(s, r, err)
	})
}
