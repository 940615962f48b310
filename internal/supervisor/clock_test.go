package supervisor

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A clock that is set a year ahead makes every log look old. None is removed for its age then: nobody knows it.
func TestLogsOutliveAStepOfTheClock(t *testing.T) {
	h := newHouse(t)
	h.start()
	for h.get(h.url("/")); !exists(HealthFile(h.o.Data)); { // Run has looked at the logs by then
		time.Sleep(time.Millisecond)
	}
	old := filepath.Join(LogRoot(h.o.Data), "instance-0", "insights-logs-applicationgatewayaccesslog", "resourceId=", "y=2020", "m=01",
		"d=01", "h=00", "m=00", "PT1H.json")
	newer := filepath.Join(filepath.Dir(filepath.Dir(filepath.Dir(old))), "h=01", "m=00", "PT1H.json")
	for _, path := range []string{old, newer} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		h.write(path, "{}\n")
		age := time.Now().Add(-365 * 24 * time.Hour)
		if err := os.Chtimes(path, age, age); err != nil {
			t.Fatal(err)
		}
	}
	started := h.s.started
	h.s.started = started.Round(0).Add(-365 * 24 * time.Hour) // without a monotonic reading the two cannot be held together
	if stepOf(h.s.started, time.Now()) != 0 {
		t.Error("a step is seen where none can be")
	}
	h.s.started = stepped(started, -365*24*time.Hour)
	h.s.retain()
	if _, err := os.Stat(old); err != nil {
		t.Errorf("after a step of the clock: %v", err)
	}
	h.s.started = started
	h.s.retain()
	if _, err := os.Stat(old); err == nil {
		t.Error("without a step the old segment stays")
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
