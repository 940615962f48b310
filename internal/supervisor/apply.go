package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/instance"
	"causeway/internal/process"
)

// Apply validates a configuration and serves it. See admin.Gateway.
func (s *Supervisor) Apply(ctx context.Context, c admin.Config) ([]gateway.Problem, error) {
	return s.applyFor(ctx, callerSocket, c)
}

// applyFor serves a configuration that somebody has asked for.
func (s *Supervisor) applyFor(ctx context.Context, caller string, c admin.Config) ([]gateway.Problem, error) {
	problems, err := s.apply(ctx, c)
	e := activity.Event{Kind: activity.Configure, Caller: caller, Failed: err != nil}
	if err != nil {
		e.Why = err.Error()
	}
	s.note(e)
	return problems, refusal(err)
}

func (s *Supervisor) apply(ctx context.Context, c admin.Config) ([]gateway.Problem, error) {
	return s.applyBy(ctx, c, s.deploy)
}

// deploy brings a configuration to all instances at once.
func (s *Supervisor) deploy(ctx context.Context, d deployment) error {
	return s.fleet.deploy(ctx, d, s.o.Drain)
}

// applyBy serves a configuration by a way to bring it to the instances.
func (s *Supervisor) applyBy(ctx context.Context, c admin.Config, deploy func(context.Context, deployment) error) ([]gateway.Problem, error) {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	problems, err := s.change(ctx, c, deploy)
	switch {
	case err == nil:
		s.metrics.Reloads.WithLabelValues("applied").Inc()
		s.metrics.LastReload.SetToCurrentTime()
	case ctx.Err() != nil:
		s.metrics.Reloads.WithLabelValues("aborted").Inc()
	default:
		s.metrics.Reloads.WithLabelValues("refused").Inc()
	}
	return problems, err
}

// change is one change of the configuration, from its text to the instances that serve it.
func (s *Supervisor) change(ctx context.Context, c admin.Config, deploy func(context.Context, deployment) error) ([]gateway.Problem, error) {
	if s.ending.Load() {
		return nil, errors.New("apply the configuration: the gateway is ending")
	}
	c = s.complete(c)
	d, local, problems, err := s.read(c)
	if err != nil {
		return problems, err
	}
	if err := s.o.fit(d.Config); err != nil {
		return problems, err
	}
	s.mu.Lock()
	stopped := s.stopped
	s.mu.Unlock()
	opened, err := s.sockets.listen(d.Config, s.o.binding().Addr, stopped)
	if err != nil {
		return problems, err
	}
	s.mu.Lock()
	to := s.deploymentOf(c, d.Config, local, s.revision+1, opened.all)
	s.mu.Unlock()
	problems = append(problems, s.tooMany(to)...)
	if err := deploy(ctx, to); err != nil {
		opened.abandon()
		return problems, err
	}
	opened.settle()
	s.mu.Lock()
	s.current, s.document, s.local, s.revision, s.applied = c, d, local, s.revision+1, time.Now()
	s.mu.Unlock()
	if s.admin != nil { // before that it is not this gateway's to write
		s.keepApplied(c)
	}
	return problems, nil
}

// complete takes the parts that a caller left alone from what is being served.
func (s *Supervisor) complete(c admin.Config) admin.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.Document == nil {
		c.Document, c.Parameters = s.current.Document, s.current.Parameters
		if c.Allow == nil { // the log says so already
			c.Allow = s.current.Allow
		}
	}
	if c.Local == nil {
		c.Local, c.Dir = s.current.Local, s.current.Dir
	}
	return c
}

// read reads a configuration and finds what is wrong with it.
func (s *Supervisor) read(c admin.Config) (*document.Document, gateway.Local, []gateway.Problem, error) {
	return instance.Read(c.Source, s.allowed(c))
}

// allowed are the protections that a document may ask for in vain.
func (s *Supervisor) allowed(c admin.Config) []string { return slices.Concat(s.o.Allow, c.Allow) }

// tooMany warns of more instances than this machine can carry.
func (s *Supervisor) tooMany(d deployment) []gateway.Problem {
	problem, ok := s.budgets.holder.Fits(d.want, d.spec.Size)
	if ok {
		return nil
	}
	return []gateway.Problem{{
		Severity: gateway.Warning, Code: "MoreThanFits", Path: "properties.sku.capacity",
		Message: problem, Hint: "fewer instances, smaller sizes (sizes in causeway.yaml), or a larger machine; they start all the same",
	}}
}

// deploymentOf is a configuration on its way to the instances. s.mu is held.
func (s *Supervisor) deploymentOf(
	c admin.Config, g *gateway.Config, local gateway.Local, revision uint64, sockets map[string]int,
) deployment {
	name, size := local.Sizes.Of(g.SKU)
	return deployment{
		config:  process.Config{Source: c.Source, Allowed: s.allowed(c), Revision: revision},
		sockets: sockets,
		want:    s.want(g),
		spec:    spec{Engine: local.Engine, Version: s.o.Version, SizeName: name, Size: size},
		warm:    instance.FirstProbes,
	}
}

// inForce is the configuration in force as a deployment, for an instance that comes later. s.applyMu is held.
func (s *Supervisor) inForce() deployment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deploymentOf(s.current, s.document.Config, s.local, s.revision, s.sockets.all())
}

// takeOver starts one instance after the other beside a predecessor, which drains its own of that number each time.
func (s *Supervisor) takeOver(ctx context.Context, d deployment) error {
	for number := range d.want {
		if err := s.fleet.replace(ctx, d, number, s.o.Drain); err != nil {
			return err
		}
		slog.Info("an instance took over", "number", number, "of", d.want)
		if err := s.legacy.tell(news{Replaced: &number}); err != nil {
			return err
		}
	}
	return nil
}
