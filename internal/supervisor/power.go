package supervisor

import (
	"context"

	"causeway/internal/activity"
)

// SetRunning starts the gateway or stops it, as Azure's start and stop do: a stopped gateway keeps its configuration, has no
// instances and no open ports, and stays so when the supervisor starts anew. See admin.Gateway.
func (s *Supervisor) SetRunning(ctx context.Context, running bool) error {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	if running != s.isStopped() {
		return nil
	}
	_, err := s.change(ctx, change{config: s.Config(), running: running, caller: callerSocket, deploy: s.deploy})
	e := activity.Event{Kind: activity.Stop, Caller: callerSocket, Failed: err != nil}
	if running {
		e.Kind = activity.Start
	}
	if err != nil {
		e.Why = err.Error()
	}
	s.note(e)
	return refusal(err)
}

// isStopped reports whether the gateway is stopped on purpose.
func (s *Supervisor) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}
