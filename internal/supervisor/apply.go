package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/gateway/schema"
	"causeway/internal/instance"
	"causeway/internal/process"
	"causeway/internal/store"
	"causeway/internal/units"
)

// change is one change of what the gateway serves.
type change struct {
	config    admin.Config
	state     store.State
	revision  int64  // in the store already; 0: it is to be written there
	caller    string // who asked
	unwritten bool   // the store is not to have it
	local     bool   // it has a causeway.yaml: this, or the certificates that it names, may say something else than before
	note      string // why

	// deploy brings it to the instances.
	deploy func(ctx context.Context, d deployment) error
}

// Apply validates a configuration and serves it. See admin.Gateway.
func (s *Supervisor) Apply(ctx context.Context, c admin.Config) ([]gateway.Problem, error) {
	return s.applyFor(ctx, callerSocket, "", c)
}

// applyFor serves a configuration that somebody has asked for.
func (s *Supervisor) applyFor(ctx context.Context, caller, note string, c admin.Config) ([]gateway.Problem, error) {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	who := activity.CallerOf(ctx, caller)
	before := s.appliedAt()
	var problems []gateway.Problem
	err := s.replaces(c)
	if err == nil {
		config, notes := s.identified(s.complete(c))
		config = s.asBefore(config)
		problems, err = s.count(ctx, change{
			config: config, state: s.stateWith(c), caller: who.Name, note: note, deploy: s.deploy, local: c.Local != nil,
		})
		problems = append(notes, problems...)
	}
	if err == nil && s.appliedAt().Equal(before) { // nothing changed
		return problems, nil
	}
	e := activity.Event{Kind: activity.Configure, Caller: who.Name, Correlation: who.Correlation, Failed: err != nil, Why: note}
	if err != nil {
		e.Why = why(err, problems)
	}
	s.Note(e)
	return problems, refusal(err)
}

// identified gives a document without an id that of the gateway that it replaces, where both have one name: clients of the management API
// find the gateway by its id. It warns of a document that makes another gateway of this one.
func (s *Supervisor) identified(c admin.Config) (admin.Config, []gateway.Problem) {
	s.mu.Lock()
	before := s.document
	s.mu.Unlock()
	if before == nil || before.Config.ID == "" {
		return c, nil
	}
	next, err := c.ParseDocument()
	if err != nil { // whoever applies it says so
		return c, nil
	}
	id := before.Config.ResourceID()
	switch {
	case next.Config.ID == "" && (next.Config.Name == "" || strings.EqualFold(next.Config.Name, schema.LastSegment(id))):
		text, err := document.Replacing(nil, next.JSON(), id)
		if err == nil {
			c.Document, c.Parameters = text, nil
		}
		return c, nil
	case strings.EqualFold(next.Config.ResourceID(), id):
		return c, nil
	}
	return c, []gateway.Problem{{
		Severity: gateway.Warning, Code: "OtherGateway", Path: "id",
		Message: fmt.Sprintf("this is another gateway, %s: it takes the place of %s", next.Config.ResourceID(), id),
		Hint:    "clients of the management API find it under its own id; a document without id and with the same name keeps that of now",
	}}
}

// asBefore gives the words of the document in force to one that says the same with its defaults written out, as causeway config show
// prints it: that is no change. One that says something else and leaves out secrets, which nobody can read, keeps those in force.
func (s *Supervisor) asBefore(c admin.Config) admin.Config {
	s.mu.Lock()
	before := s.document
	s.mu.Unlock()
	next, err := c.ParseDocument()
	switch {
	case before == nil, err != nil: // whoever applies it reports the error
	case next.Restates(before):
		c.Document, c.Parameters = before.JSON(), nil
	case lacksSecrets(c, next) && strings.EqualFold(next.Config.ResourceID(), before.Config.ResourceID()):
		if text, err := document.Replacing(before, next.JSON(), before.Config.ResourceID()); err == nil {
			c.Document, c.Parameters = text, nil
		}
	}
	return c
}

// lacksSecrets reports whether a certificate has neither data, nor a key vault, nor files of causeway.yaml.
func lacksSecrets(c admin.Config, d *document.Document) bool {
	local, _, err := c.ParseLocal()
	return err == nil && slices.ContainsFunc(d.Config.SSLCertificates, func(x gateway.SSLCertificate) bool {
		_, filed := local.KeyPair(x.Name)
		return !filed && len(x.Data) == 0 && x.KeyVaultSecretID == ""
	})
}

// why says why a configuration was refused, with its first problem. The whole list is the caller's.
func why(err error, problems []gateway.Problem) string {
	for _, p := range problems {
		if p.Severity == gateway.Error {
			return fmt.Sprintf("%v: %s at %s", err, p.Code, p.Path)
		}
	}
	return err.Error()
}

// replaces refuses a change of another revision than the one in force. s.applyMu is held.
func (s *Supervisor) replaces(c admin.Config) error {
	now := int64(s.revisionNow())
	if c.Revision == 0 || c.Revision == now || c.Revision == admin.NoRevision && now == 0 {
		return nil
	}
	return &store.ConflictError{Wanted: max(c.Revision, 0), Current: store.Change{Revision: now, When: s.appliedAt()}}
}

// appliedAt is when the configuration in force was applied here.
func (s *Supervisor) appliedAt() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.applied
}

// deploy brings a configuration to all instances at once.
func (s *Supervisor) deploy(ctx context.Context, d deployment) error {
	return s.fleet.deploy(ctx, d, s.o.Drain)
}

// count makes a change and counts it. s.applyMu is held.
func (s *Supervisor) count(ctx context.Context, c change) ([]gateway.Problem, error) {
	problems, err := s.change(ctx, c)
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

// change makes a change, from its text to the instances that serve it: read it, open its ports, make every instance ready,
// write it into the store, let the instances serve it. An error, or a ctx that ends first, changes nothing. s.applyMu is held.
func (s *Supervisor) change(ctx context.Context, c change) ([]gateway.Problem, error) {
	if s.life.in(ending) {
		return nil, errors.New("apply the configuration: the gateway is ending")
	}
	d, local, problems, err := s.read(c)
	if err != nil {
		return problems, err
	}
	if err := s.o.fit(d.Config); err != nil {
		return problems, err
	}
	writes := c.revision == 0 && !c.unwritten && !s.predecessor.serves()
	if writes {
		if err := s.takesChanges(ctx); err != nil {
			return problems, fmt.Errorf("keep the configuration: %w", err)
		}
	}
	to := s.deploymentOf(c, d.Config, local)
	opened, err := s.sockets.listen(d.Config, s.o.binding().Addr, to.want == 0)
	if err != nil {
		return problems, err
	}
	to.sockets = opened.all
	if writes {
		to.write = func(ctx context.Context) (uint64, error) { return s.write(ctx, c, d) }
	}
	problems = append(problems, s.tooMany(to)...)
	problems = append(problems, s.tooFew(c, d.Config)...)
	to.served = func(revision uint64) { s.settle(c, d, local, revision, to.want) }
	if err := c.deploy(ctx, to); err != nil {
		opened.abandon()
		return problems, err
	}
	opened.settle()
	s.keepGood()
	if s.admin != nil { // before that it is not this gateway's to write
		s.keepEvidence()
	}
	return problems, nil
}

// settle notes what is in force.
func (s *Supervisor) settle(c change, d *document.Document, local gateway.Local, revision uint64, want int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.document == nil || s.revision != revision || c.local { // else nothing changes, or the number of instances
		s.applied = time.Now()
	}
	c.config.Document, c.config.Parameters = d.JSON(), nil
	s.current, s.document, s.local = c.config, d, local
	s.revision, s.serving, s.state = revision, want, c.state
	if c.state == store.Deleted {
		s.current.Document, s.document = nil, nil
	}
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
func (s *Supervisor) read(c change) (*document.Document, gateway.Local, []gateway.Problem, error) {
	if c.state == store.Deleted {
		local, problems, err := c.config.ParseLocal()
		return noGateway(), local, problems, err
	}
	return instance.Read(c.config.Source, s.allowed(c.config))
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

// tooFew warns of nodes that have no instance.
func (s *Supervisor) tooFew(c change, g *gateway.Config) []gateway.Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, nodes := s.wantOfAll(g), s.roster.names
	if s.node == "" || c.state != store.Running || all >= len(nodes) {
		return nil
	}
	return []gateway.Problem{{
		Severity: gateway.Warning, Code: "FewerThanNodes", Path: "properties.sku.capacity",
		Message: fmt.Sprintf("the cluster has %d nodes and %s: no instance runs on %s", len(nodes),
			units.Count(all, "instance", "instances"), strings.Join(nodes[all:], ", ")),
		Hint: "their ports are closed; ask for at least one instance a node",
	}}
}

// deploymentOf is a change on its way to the instances.
func (s *Supervisor) deploymentOf(c change, g *gateway.Config, local gateway.Local) deployment {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, size := local.Sizes.Of(g.SKU)
	d := deployment{
		config:   process.Config{Source: c.config.Source, Allowed: s.allowed(c.config)},
		revision: uint64(c.revision),
		spec: spec{
			Node:     s.node,
			Engine:   local.Engine,
			Version:  s.o.Version,
			SizeName: name,
			Size:     size,
			Binding:  bindingText(s.o.binding()),
		},
		warm: instance.FirstProbes,
	}
	if c.state == store.Running {
		d.want = s.want(g)
	}
	return d
}

// inForce is the configuration in force as a deployment, for an instance that comes later; without a gateway it wants none.
// s.applyMu is held.
func (s *Supervisor) inForce() deployment {
	s.mu.Lock()
	c := change{config: s.current, state: s.state, revision: int64(s.revision)}
	d, local := s.document, s.local
	s.mu.Unlock()
	if d == nil {
		return deployment{}
	}
	g := d.Config
	out := s.deploymentOf(c, g, local)
	out.sockets = s.sockets.all()
	return out
}

// takeOver starts one instance after the other beside a predecessor, which drains its own of that number each time.
func (s *Supervisor) takeOver(ctx context.Context, d deployment) error {
	lost := false
	for number := range d.want {
		if err := s.fleet.replace(ctx, d, number, s.o.Drain); err != nil {
			return err
		}
		slog.Info("an instance took over", "number", number, "of", d.want)
		if lost {
			continue
		}
		if err := s.predecessor.report(progress{Replaced: &number}); err != nil {
			if s.o.trial {
				return ErrOrphaned
			}
			slog.Warn("the gateway before this one has gone in the middle of the hand-over; this one goes on alone", "error", err)
			lost = true
		}
	}
	if lost {
		s.dismissStrangers()
	}
	if d.served != nil {
		d.served(d.revision)
	}
	return nil
}
