package supervisor

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"path/filepath"
)

// HealthFile is where a data directory keeps the backend health, for a diagnosis after the gateway has ended.
func HealthFile(data string) string { return filepath.Join(data, healthName) }

// keepHealth writes the backend health if it has changed.
func (s *Supervisor) keepHealth() {
	if !s.instance.Serving() {
		return
	}
	b, err := json.Marshal(s.Health())
	if err != nil || bytes.Equal(b, s.health) {
		return
	}
	if err := replaceFile(HealthFile(s.o.Data), b); err != nil {
		slog.Warn("the backend health could not be kept", "error", err)
		return
	}
	s.health = b
}
