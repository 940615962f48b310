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

// Note writes an event into the activity log. A disk that does not take it costs the event. See arm.Gateway.
func (s *Supervisor) Note(e activity.Event) {
	e.At = time.Now()
	e.Node = s.where()
	s.mu.Lock()
	if e.Resource == "" && s.document != nil {
		e.Resource = s.document.Config.ResourceID()
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
