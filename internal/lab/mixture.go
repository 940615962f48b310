package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"causeway/internal/lab/nginx"
	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// Mixture is two scenarios at one time behind one gateway.
type Mixture struct{ First, Second stage.Scenario }

// Name names both.
func (m Mixture) Name() string { return m.First.Name + "+" + m.Second.Name }

// notMixed says why a scenario is not played together with another.
var notMixed = map[string]string{
	"no-listener":      "its listener takes one host name",
	"scanner":          "it writes its requests itself, with hosts of its own",
	"invalid-requests": "it writes its requests itself",
	"wrong-pool":       "its cause is which paths a map has",
	"client-abort":     "the clients of every background leave too",
	"hidden-by-retry":  "no request fails",
	"two-lengths":      "nginx passes half of its answers on, and no request fails",
	"idle-race-hidden": "no request fails",
}

// Mixes reports whether a scenario can be one of a mixture: it has one cause, and nothing in it needs the gateway for itself.
func Mixes(s stage.Scenario) bool {
	plays, _ := ThroughNginx(s)
	return plays && !s.Slow && len(s.Truth) == 1 && notMixed[s.Name] == ""
}

// Mixtures are n pairs of scenarios by seed, none of which is in two of them as long as there are enough.
func Mixtures(scenarios []stage.Scenario, n int, seed uint64) []Mixture {
	some := slices.DeleteFunc(slices.Clone(scenarios), func(s stage.Scenario) bool { return !Mixes(s) })
	rng := rand.New(rand.NewPCG(seed, 30))
	var out []Mixture
	for len(out) < n && len(some) > 1 {
		rng.Shuffle(len(some), func(i, k int) { some[i], some[k] = some[k], some[i] })
		for i := 0; i+1 < len(some) && len(out) < n; i += 2 {
			out = append(out, Mixture{some[i], some[i+1]})
		}
	}
	return out
}

// PlayMixture plays a mixture with nginx as the gateway, and judges it as PlayNginx does: each cause, with its where and kind.
func PlayMixture(ctx context.Context, m Mixture, seed uint64, keep string) (*Result, error) {
	began := time.Now()
	dir, err := directory(keep)
	if err != nil {
		return nil, err
	}
	if keep == "" {
		defer os.RemoveAll(dir)
	}
	options := nginxOptions(m.Name(), seed, m.First.Name, m.Second.Name)
	first, second := stage.New(ctx, dir, seed), stage.New(ctx, dir, seed+1000)
	first.Background = true
	options.Sources = &peers.Sources{}
	first.Sources, second.Sources = options.Sources, options.Sources
	shared := stage.Mix(first, second, func(site stage.Site) (stage.Front, error) { return nginx.Start(dir, site, options) })
	if err := playBoth(m, shared, first, second); err != nil {
		return nil, fmt.Errorf("play %s through nginx: %w", m.Name(), err)
	}
	r := &Result{
		Scenario: m.Name(), Seed: seed, Truth: m.truth(first, second, options), Open: true,
		Loads: slices.Concat(first.Loads, second.Loads), Dir: keep, Beside: stage.BackgroundCauses,
	}
	for _, half := range []*stage.Stage{first, second} {
		r.places = append(r.places, placeOf{
			Common: half.Common(),
			azure:  true,
			coarse: options.Form == nginx.First,
			beside: r.strangersLost(),
		})
	}
	if r.Azure, err = r.judge(dir, true); err != nil {
		return nil, fmt.Errorf("diagnose %s through nginx: %w", m.Name(), err)
	}
	r.Took = time.Since(began)
	if keep != "" {
		err = keepTruth(keep, stage.Scenario{Name: m.Name(), Open: true}, r, options)
	}
	return r, err
}

func playBoth(m Mixture, shared *stage.Mixture, first, second *stage.Stage) error {
	var wg sync.WaitGroup
	for s, of := range map[*stage.Stage]stage.Scenario{first: m.First, second: m.Second} {
		wg.Go(func() {
			of.Play(s)
			shared.Leave(s)
		})
	}
	wg.Wait()
	// What a play does later may still be under way: the stages end before the gateway, so that the members outlive no request.
	first.Settle()
	second.Settle()
	err := shared.Close()
	first.Close()
	second.Close()
	for _, s := range []*stage.Stage{first, second} {
		if err == nil {
			err = s.Err
		}
	}
	return err
}

// truth is that of both, the second's moved below its path and to its members.
func (m Mixture) truth(on, beside *stage.Stage, o nginx.Options) []stage.Truth {
	second := beside.Located(m.Second.Truth)
	for i := range second {
		t := &second[i]
		t.Member, t.At = stage.SecondMember(t.Member), stage.SecondMember(t.At)
		if t.Path != "" {
			t.Path = stage.SecondPath + t.Path
		}
	}
	return truthThroughNginx(slices.Concat(on.Located(m.First.Truth), second), o)
}

// PlayAllMixtures plays mixtures, some at a time. With keep the evidence of each stays in a directory of its name below it.
func PlayAllMixtures(ctx context.Context, mixtures []Mixture, seed uint64, keep string, tell func(Mixture, *Result, error)) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, AtOnce/2)
	for _, m := range mixtures {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			dir := ""
			if keep != "" {
				dir = filepath.Join(keep, m.Name())
			}
			r, err := PlayMixture(ctx, m, seed, dir)
			mu.Lock()
			defer mu.Unlock()
			tell(m, r, err)
		})
	}
	wg.Wait()
}
