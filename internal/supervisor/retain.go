package supervisor

import (
	"log/slog"
	"time"

	"causeway/internal/accesslog"
)

// stepMax is how far the wall clock may have been set while the gateway ran before it says nothing of the age of logs.
const stepMax = 24 * time.Hour

// stepOf is by how much the wall clock was set between two readings.
func stepOf(before, now time.Time) time.Duration {
	return now.Round(0).Sub(before.Round(0)) - now.Sub(before)
}

func (s *Supervisor) retain() {
	s.mu.Lock()
	logs := s.local.Logs
	s.mu.Unlock()
	now := time.Now()
	if step := stepOf(s.started, now); step.Abs() > stepMax {
		slog.Warn("the clock of this machine was set; old log segments stay, because their age is unknown", "by", step.Round(time.Second))
		logs.Days = 0
	}
	if n, err := accesslog.Retain(LogRoot(s.o.Data), logs.Days, logs.Bytes, now); err != nil {
		slog.Warn("old log segments could not be removed", "error", err)
	} else if n > 0 {
		slog.Info("old log segments removed", "segments", n)
	}
}
