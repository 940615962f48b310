package supervisor

import (
	"context"

	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/store"
)

// SetRunning starts the gateway or stops it, as Azure's start and stop do: a stopped gateway keeps its configuration, has no
// instances and no open ports, and stays so when the supervisor starts anew. See admin.Gateway.
func (s *Supervisor) SetRunning(ctx context.Context, running bool) error {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	wanted := store.Stopped
	if running {
		wanted = store.Running
	}
	switch s.stateNow() {
	case wanted:
		return nil
	case store.Deleted:
		return refusal(errNoGateway)
	}
	who := activity.CallerOf(ctx, callerSocket)
	_, err := s.change(ctx, change{config: s.Config(), state: wanted, caller: who.Name, deploy: s.deploy})
	e := activity.Event{Kind: activity.Stop, Caller: who.Name, Correlation: who.Correlation, Failed: err != nil}
	if running {
		e.Kind = activity.Start
	}
	if err != nil {
		e.Why = err.Error()
	}
	s.Note(e)
	return refusal(err)
}

// stateNow is whether the gateway runs, is stopped on purpose, or does not exist.
func (s *Supervisor) stateNow() store.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// stateWith is the state of the gateway with another configuration: that which it has. A document brings a deleted one back.
func (s *Supervisor) stateWith(c admin.Config) store.State {
	now := s.stateNow()
	if now == store.Deleted && c.Document != nil {
		return store.Running
	}
	return now
}
