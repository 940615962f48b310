package process

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"causeway/internal/conn"
	"causeway/internal/telemetry"
)

// The engine that was asked for is the one that runs.
func TestEngineIsChosenAtTheStart(t *testing.T) {
	for _, name := range []string{"", conn.EngineEpoll, conn.EngineGoroutines} {
		p := &plane{metrics: telemetry.New()}
		p.engine = p.startEngine(name)
		defer p.engine.Close()
		if name != "" && p.engine.Name() != name {
			t.Errorf("asked for %q, got %s", name, p.engine.Name())
		}
		if m := p.Machine(); m.Engine != p.engine.Name() || m.Loops != p.engine.Loops() || m.Procs < 1 {
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
