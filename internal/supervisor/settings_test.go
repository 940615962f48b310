package supervisor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/internal/arm"
	"causeway/internal/gateway/document"
)

// A setting that is changed over the API is in force at once, and after a restart. A refused one, and one of settings that have changed
// meanwhile, leave everything as it was.
func TestSettingsOutliveTheSupervisor(t *testing.T) {
	h := newHouse(t)
	h.start()
	inForce := func() any {
		settings, _ := h.s.Settings()
		return settings["backendIdleTimeout"]
	}
	_, tag := h.s.Settings()
	if problems, err := h.s.ChangeSettings(t.Context(), tag, map[string]any{"backendIdleTimeout": "25s"}); err != nil {
		t.Fatalf("%v %v", problems, err)
	}
	if got := inForce(); got != "25s" {
		t.Errorf("in force: %v", got)
	}
	var conflict *arm.SettingsConflict
	if _, err := h.s.ChangeSettings(t.Context(), tag, map[string]any{"backendIdleTimeout": "30s"}); !errors.As(err, &conflict) {
		t.Errorf("of settings before: %v", err)
	}
	if _, err := h.s.ChangeSettings(t.Context(), "", map[string]any{"backendIdleTimeout": "soon"}); err == nil {
		t.Error("no time, and it was taken")
	}
	var format *document.FormatError
	if _, err := h.s.ChangeSettings(t.Context(), "", map[string]any{"members": map[string]any{}}); !errors.As(err, &format) {
		t.Errorf("what names addresses: %v", err)
	}
	h.end()
	h.start()
	if got := inForce(); got != "25s" {
		t.Errorf("after a restart: %v", got)
	}
}

// A file of --local keeps its comments, and is what the next start reads.
func TestSettingsInTheFileOfTheUser(t *testing.T) {
	h := newHouse(t)
	dir := t.TempDir()
	own := filepath.Join(dir, "own.yaml")
	h.o.Local = filepath.Join(dir, "causeway.yaml")
	if err := os.WriteFile(own, []byte("# of the shop\nconnectTimeout: 2s # a LAN\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("own.yaml", h.o.Local); err != nil {
		t.Fatal(err)
	}
	h.start()
	before := h.s.Status().Applied
	if _, err := h.s.ChangeSettings(t.Context(), "", map[string]any{"backendIdleTimeout": "25s"}); err != nil {
		t.Fatal(err)
	}
	if is, err := os.Stat(own); err != nil || is.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", is, err)
	}
	if b, _ := os.ReadFile(own); string(b) != "# of the shop\nconnectTimeout: 2s # a LAN\nbackendIdleTimeout: 25s\n" {
		t.Errorf("%s", b)
	}
	if now := h.s.Status().Applied; !now.After(before) || time.Since(now) > time.Minute {
		t.Errorf("applied %s, then %s", before, now)
	}
	settings, _ := h.s.Settings()
	if settings["connectTimeout"] != "2s" || settings["backendIdleTimeout"] != "25s" {
		t.Errorf("%v", settings)
	}
	events, err := h.s.Activity()
	if err != nil || !strings.Contains(events[len(events)-1].Why, "backendIdleTimeout") {
		t.Errorf("%v, %v", events, err)
	}
}
