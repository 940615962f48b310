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
	err = replaceFile(HealthFile(s.o.Data), b)
	if err != nil && !s.unkept { // once for a disk that stays full, not every few seconds
		slog.Warn("the backend health could not be kept", "error", err)
	}
	if s.unkept = err != nil; !s.unkept {
		s.health = b
	}
}
