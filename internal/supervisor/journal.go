package supervisor

import (
	"log/slog"
	"os"
	"time"

	"causeway/internal/activity"
)

// Callers in the activity log.
const (
	callerAutoscaler = "autoscaler"
	callerSupervisor = "supervisor"
	callerSocket     = "control socket"
)

// where is this node in the cluster, or else the name of the machine.
func (s *Supervisor) where() string {
	if s.node != "" {
		return s.node
	}
	host, _ := os.Hostname()
	return host
}

// note writes an event into the activity log. A disk that does not take it costs the event.
func (s *Supervisor) note(e activity.Event) {
	e.At = time.Now()
	e.Node = s.where()
	s.mu.Lock()
	if e.Gateway == "" && s.document != nil {
		e.Gateway = s.document.Config.ResourceID()
	}
	if e.Revision == 0 {
		e.Revision = int64(s.revision)
	}
	s.mu.Unlock()
	if e.Caller == "" {
		e.Caller = callerSupervisor
	}
	if err := s.journal.Write(e); err != nil {
		slog.Warn("an event could not be kept", "event", e.Kind, "error", err)
	}
}
