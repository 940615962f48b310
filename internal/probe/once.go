package probe

import (
	"context"
	"fmt"
	"sync"
	"time"

	"causeway/internal/backend"
	"causeway/internal/gateway"
	"causeway/internal/resolve"
)

// OnDemand is a probe that somebody wants to see the outcome of, before it becomes part of a configuration.
type OnDemand struct {
	Pool, Settings string
	Probe          gateway.Probe // empty fields are those of Azure's default probe; its name means nothing
}

// onDemandName is that of the probe within the configuration that an on-demand probe makes. No child of a document has it.
const onDemandName = "\x00on-demand"

// Once asks every member of a pool once, and returns its health by that. The error says what of the request does not exist, or
// that ctx ended.
func Once(
	ctx context.Context, c *gateway.Config, local gateway.Local, o OnDemand, lookup resolve.Lookup, d Dialer,
) (gateway.Health, error) {
	tried, err := o.apply(c)
	if err != nil {
		return gateway.Health{}, err
	}
	directory := backend.NewDirectory(lookup)
	defer directory.Close()
	set, err := directory.Build(tried, local)
	if err != nil {
		return gateway.Health{}, err
	}
	defer set.Release()
	set.Known(ctx.Done())
	var all sync.WaitGroup
	for _, g := range set.Groups() {
		for _, m := range g.Members() {
			if !m.Addr.IsValid() {
				continue
			}
			all.Go(func() {
				spec := SpecOf(g, m, c.V1())
				if result, _ := spec.Ask(ctx, d, steady{}); ctx.Err() == nil {
					directory.Judge(m, judge(backend.State{}, result, 1, time.Now()))
				}
			})
		}
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return gateway.Health{}, fmt.Errorf("probe pool %q: %w", o.Pool, err)
	}
	return set.Health(tried), nil
}

// steady is a process that never stands still, as far as an on-demand probe is concerned.
type steady struct{}

func (steady) Stalled(time.Time, time.Time) time.Duration { return 0 }

// apply is a configuration that has nothing but the pool, the settings and the probe of the request.
func (o OnDemand) apply(c *gateway.Config) (*gateway.Config, error) {
	pool, settings := c.Pool(o.Pool), c.Setting(o.Settings)
	switch {
	case pool == nil:
		return nil, fmt.Errorf("probe pool %q: the gateway has no such pool", o.Pool)
	case settings == nil:
		return nil, fmt.Errorf("probe with settings %q: the gateway has no such settings", o.Settings)
	}
	only, with, probe := *c, *settings, o.Probe
	with.Probe, probe.Name = onDemandName, onDemandName
	if probe.Protocol != "" {
		with.Protocol = probe.Protocol
	}
	if probe.Timeout == 0 {
		probe.Timeout = int(defaultTimeout / time.Second)
	}
	only.Pools, only.Settings, only.Probes = []gateway.Pool{*pool}, []gateway.Settings{with}, []gateway.Probe{probe}
	only.Rules = []gateway.Rule{{Target: gateway.Target{Pool: pool.Name, Settings: with.Name}}}
	return &only, nil
}
