package supervisor

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"

	"causeway/internal/arm"
	"causeway/internal/history"
)

// recorder keeps the metrics of this node for Azure Monitor's queries.
type recorder struct {
	mu      sync.RWMutex // a reader has it until it is done: the database may not close meanwhile
	history database     // nil: it is not open, or a successor has it
}

// database is what a recorder keeps the metrics in: a history.History.
type database interface {
	arm.History
	Append(ctx context.Context, at time.Time, families []*dto.MetricFamily, young func(instance string) bool) error
	Close() error
}

// Read implements arm.History.
func (r *recorder) Read(ctx context.Context, name string, from, to time.Time) ([]history.Series, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.history == nil {
		return nil, arm.ErrNoHistory
	}
	return r.history.Read(ctx, name, from, to)
}

// openAgain is how often a database is tried that does not open: a predecessor may still have it.
const openAgain = 5 * time.Second

// record keeps a sample of all metrics each minute, until the supervisor ends.
func (s *Supervisor) record() {
	if s.api == nil {
		return
	}
	h := s.openHistory()
	if h == nil {
		return
	}
	s.api.recorder.open(h)
	for {
		now := time.Now()
		next := now.Truncate(history.Every).Add(history.Every)
		select {
		case <-s.quit:
			return
		case <-time.After(next.Sub(now)):
			s.keepMetrics(next)
		}
	}
}

// openHistory opens the database of the metrics; nil: the supervisor ends before that.
func (s *Supervisor) openHistory() *history.History {
	for reported := false; ; reported = true {
		h, err := history.Open(filepath.Join(s.o.Data, "metrics"))
		if err == nil {
			return h
		}
		if !reported {
			slog.Warn("the history of the metrics does not open; the supervisor tries again", "every", openAgain, "error", err)
		}
		select {
		case <-s.quit:
			return nil
		case <-time.After(openAgain):
		}
	}
}

// keepMetrics keeps what all instances measure together.
func (s *Supervisor) keepMetrics(at time.Time) {
	started := map[string]time.Time{}
	for _, p := range s.fleet.all() {
		started[s.idOf(p.Number)] = p.Started
	}
	young := func(instance string) bool { return at.Sub(started[instance]) <= history.Every }
	families, err := s.gather()
	if err == nil {
		err = s.api.recorder.append(at, families, young)
	}
	if err != nil {
		slog.Warn("the metrics of a minute could not be kept", "error", err)
	}
}

// append adds a sample, beside whoever reads. It may not run twice at once.
func (r *recorder) append(at time.Time, families []*dto.MetricFamily, young func(string) bool) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.history == nil {
		return nil
	}
	return r.history.Append(context.Background(), at, families, young)
}

func (r *recorder) open(h database) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history = h
}

// close lets a successor have the database.
func (r *recorder) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.history == nil {
		return
	}
	if err := r.history.Close(); err != nil {
		slog.Warn("the history of the metrics did not close cleanly", "error", err)
	}
	r.history = nil
}
