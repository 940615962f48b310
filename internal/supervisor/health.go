package supervisor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"

	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/process"
	"causeway/internal/store"
	"causeway/internal/units"
)

// Health is the backend-health document. The error, an *admin.Refusal, says why no instance gives one.
func (s *Supervisor) Health() (gateway.Health, error) {
	if h, ok := s.healthOfAll(); ok {
		return h, nil
	}
	return gateway.Health{}, s.whyNoHealth()
}

// InstanceHealth is the backend health as each instance sees it, by instanceId. See arm.Gateway.
func (s *Supervisor) InstanceHealth() (map[string]gateway.Health, error) {
	views := s.views()
	s.mu.Lock()
	idle := s.state != store.Running || s.serving == 0
	s.mu.Unlock()
	if len(views) == 0 && !idle {
		return nil, s.whyNoHealth()
	}
	return views, nil
}

// whyNoHealth says why no instance answers.
func (s *Supervisor) whyNoHealth() *admin.Refusal {
	s.mu.Lock()
	state, want := s.state, s.serving
	s.mu.Unlock()
	all := s.fleet.all()
	switch {
	case state == store.Deleted:
		return &admin.Refusal{Err: errNoGateway, Hint: "create one over the management API, or with causeway config apply"}
	case state == store.Stopped:
		return &admin.Refusal{Err: errors.New("the gateway is stopped on purpose"), Hint: "causeway start starts it"}
	case want == 0:
		return &admin.Refusal{
			Err:  errors.New("no instance runs on this node: there are more nodes than instances"),
			Hint: "ask another node; causeway instances lists them",
		}
	case len(all) == 0:
		return &admin.Refusal{
			Err:  errors.New("no instance runs; the supervisor starts " + units.Count(want, "instance", "instances")),
			Hint: "ask again; causeway diagnose --live says how the last one ended",
		}
	}
	var silent []string
	for _, p := range all {
		silent = append(silent, fmt.Sprintf("%s (process %d): %s", s.idOf(p.Number), p.PID, s.silence(p)))
	}
	return &admin.Refusal{
		Err:  errors.New("no instance answers. " + strings.Join(silent, ". ")),
		Hint: "causeway instances shows when they answer again",
	}
}

// healthOfAll is the health as all instances see it; false: none of them answers.
func (s *Supervisor) healthOfAll() (gateway.Health, bool) {
	views := s.views()
	if len(views) == 0 {
		return gateway.Health{}, false
	}
	return gateway.MergeHealth(views), true
}

// views are the health as each instance sees it, by instanceId, of those that answer.
func (s *Supervisor) views() map[string]gateway.Health {
	all := s.fleet.all()
	views := map[string]gateway.Health{}
	var mu sync.Mutex
	each(all, func(_ int, p *process.Process) {
		h, err := p.Health(lookTime)
		if err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		views[s.idOf(p.Number)] = h
	})
	return views
}

// HealthFile is where a data directory keeps the backend health, for a diagnosis after the gateway has ended.
func HealthFile(data string) string { return filepath.Join(data, healthName) }

// keepHealth writes the backend health if some instance knows it.
func (s *Supervisor) keepHealth() {
	if h, ok := s.healthOfAll(); ok {
		s.writeHealth(h)
	}
}

// writeHealth writes the backend health if it has changed.
func (s *Supervisor) writeHealth(h gateway.Health) {
	b, err := json.Marshal(h)
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
