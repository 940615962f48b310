package supervisor

import (
	"context"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"causeway/internal/activity"
	"causeway/internal/store"
)

const (
	presenceEvery = time.Second     // how often a node looks who else runs
	presenceTime  = 3 * time.Second // for the answer
	spreadPause   = 5 * time.Second // before another try, after this node could not take its share
)

// partake makes this node one of its cluster: it says what it does, and runs its share of the instances. Without a quorum the
// share stays as it is.
func (s *Supervisor) partake() {
	said := s.self()
	announcement := s.stored().Announce(said)
	defer announcement.Silence() // one that starts again before its lease ends was never away
	tick := time.NewTicker(presenceEvery)
	defer tick.Stop()
	for {
		if !s.look() {
			select {
			case <-time.After(spreadPause):
			case <-s.quit:
				return
			}
		}
		if now := s.self(); !reflect.DeepEqual(now, said) {
			announcement.Update(now)
			said = now
		}
		select {
		case <-tick.C:
		case <-s.quit:
			return
		}
	}
}

// self is what this node says to the others.
func (s *Supervisor) self() store.Node {
	n := store.Node{Started: s.started, Version: s.o.Version, Faults: s.lagging()}
	if s.api != nil {
		n.API = s.api.reach
	}
	machine := s.budgets.holder.Machine()
	n.Processor, n.Memory = machine.CPU, machine.Memory
	for _, p := range s.fleet.all() {
		if last := p.Last(); last.Revision > 0 {
			n.Instances++
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n.Revision = int64(s.revision)
	if s.document != nil {
		_, size := s.local.Sizes.Of(s.document.Config.SKU)
		n.Room = max(0, machine.Most(size))
		if s.document.Config.Autoscale != nil {
			n.Sample = s.lastSample
		}
	}
	return n
}

// Node is the name of this node. See arm.Cluster.
func (s *Supervisor) Node() string { return s.node }

// Nodes are those that run, as a quorum last said. See arm.Cluster.
func (s *Supervisor) Nodes() []store.Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peers
}

// Admitted are the names of all nodes, whether or not they run. See arm.Cluster.
func (s *Supervisor) Admitted(ctx context.Context) ([]string, error) {
	if err := s.silent(); err != nil {
		return nil, err
	}
	from := s.stored()
	if from == nil {
		return nil, errNoStore
	}
	return from.Admitted(ctx)
}

// look asks who runs, and follows; false: this node could not take its share.
func (s *Supervisor) look() bool {
	ctx, cancel := context.WithTimeout(context.Background(), presenceTime)
	defer cancel()
	present, err := s.stored().Presence(ctx)
	if err != nil {
		return true // Lagging says so
	}
	s.mu.Lock()
	s.seeNodes(present)
	s.seeScaled(present.Scaled)
	s.mu.Unlock()
	return s.spread()
}

// seeNodes notes who runs. s.mu is held.
func (s *Supervisor) seeNodes(p store.Presence) {
	s.peers = p.Running
	names := []string{s.node}
	for _, n := range p.Running {
		names = append(names, n.Name)
	}
	now := time.Now()
	s.roster.see(names, now)
	s.absences.see(p.Admitted, names, now)
}

// spread makes this node run its share of the instances; false: it could not.
func (s *Supervisor) spread() bool {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	s.remember()
	s.mu.Lock()
	if s.state != store.Running || s.life.in(handingOver, ending) {
		s.mu.Unlock()
		return true
	}
	from, to := s.serving, s.want(s.document.Config)
	c := change{config: s.current, state: store.Running, revision: int64(s.revision), caller: callerSupervisor, deploy: s.deploy}
	why := "spread over the nodes " + strings.Join(s.roster.names, ", ")
	s.mu.Unlock()
	if from == to {
		return true
	}
	slog.Info("the share of this node changes", "from", from, "to", to, "because", why)
	_, err := s.change(context.Background(), c)
	e := activity.Event{Kind: activity.Scale, From: from, To: to, Why: why, Failed: err != nil}
	if err != nil {
		slog.Error("this node cannot run its share of the instances", "instances", to, "error", err)
		e.Why = err.Error()
	}
	s.Note(e)
	return err == nil
}

// meet learns at the start who else runs, so that this node begins with its share. It does not wait for a quorum.
func (s *Supervisor) meet(ctx context.Context) {
	if s.node == "" || s.stored() == nil || s.silent() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, presenceTime)
	defer cancel()
	present, err := s.stored().Presence(ctx)
	if err != nil {
		slog.Warn("this node does not know yet who else runs", "error", err)
		return
	}
	s.mu.Lock()
	s.seeNodes(present)
	s.seeScaled(present.Scaled)
	s.mu.Unlock()
	s.remember()
}
