package supervisor

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"causeway/internal/conn"
	"causeway/internal/gateway"
	"causeway/internal/telemetry"
)

// The configured engine is the one that runs, and a file that asks for another later gets a warning.
func TestEngineIsChosenAtTheStart(t *testing.T) {
	for _, name := range []string{"", conn.EngineEpoll, conn.EngineGoroutines} {
		s := &Supervisor{metrics: telemetry.New()}
		s.engine = s.startEngine(name)
		defer s.engine.Close()
		if name != "" && s.engine.Name() != name {
			t.Errorf("asked for %q, got %s", name, s.engine.Name())
		}
		if p := s.engineProblem(gateway.Local{Engine: name}); len(p) > 0 {
			t.Errorf("%q: %v", name, p)
		}
		other := conn.EngineEpoll
		if s.engine.Name() == other {
			other = conn.EngineGoroutines
		}
		p := s.engineProblem(gateway.Local{Engine: other})
		if len(p) != 1 || p[0].Severity != gateway.Warning || !strings.Contains(p[0].Message, s.engine.Name()) {
			t.Errorf("%q instead of %s: %v", other, s.engine.Name(), p)
		}
		if m := s.Machine(); m.Engine != s.engine.Name() || m.Loops != s.engine.Loops() || m.Procs < 1 {
			t.Errorf("%+v", m)
		}
	}
}

// A loop that stands still is reported once, and once more when it goes on.
func TestStallIsReportedOnce(t *testing.T) {
	var lines strings.Builder
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&lines, nil)))
	defer slog.SetDefault(was)
	var s stalls
	for _, d := range []time.Duration{0, stallMax / 2, stallMax, 2 * stallMax, 0, 0} {
		s.look(d)
	}
	if got := lines.String(); strings.Count(got, "stands still") != 1 || strings.Count(got, "goes on") != 1 {
		t.Errorf("%s", got)
	}
}
