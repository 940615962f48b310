package supervisor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"causeway/internal/arm"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
)

// Settings are those of causeway.yaml. See arm.Settings.
func (s *Supervisor) Settings() (settings map[string]any, tag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return document.Settings(s.local), tagOf(s.current.Local)
}

// tagOf is the same for the same text.
func tagOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// ChangeSettings changes causeway.yaml, as it is served and in its file: either both or none. See arm.Settings.
func (s *Supervisor) ChangeSettings(ctx context.Context, tag string, patch map[string]any) ([]gateway.Problem, error) {
	s.settingsMu.Lock()
	defer s.settingsMu.Unlock()
	c := s.Config()
	if now := tagOf(c.Local); tag != "" && tag != now {
		return nil, &arm.SettingsConflict{Now: now}
	}
	text, err := document.ChangeLocal(c.Local, patch)
	if err != nil {
		return nil, err
	}
	file := localFile(s.o)
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, fmt.Errorf("find the folder of causeway.yaml: %w", err)
	}
	if c.Dir != "" && c.Dir != dir {
		return nil, &document.FormatError{
			Message: fmt.Sprintf("the causeway.yaml in force is not %s, which the next start would read", file),
			Hint:    "it came by causeway config apply --local: change that file, and apply it again",
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep causeway.yaml: %w", err)
	}
	kept, _ := os.ReadFile(file) // none is as good as an empty one
	if err := replaceText(file, text); err != nil {
		return nil, fmt.Errorf("keep causeway.yaml, so that the next start reads the same: %w", err)
	}
	c.Document, c.Parameters, c.Local, c.Dir, c.Revision = nil, nil, text, dir, 0
	problems, err := s.applyFor(ctx, callerSocket, "causeway.yaml: "+strings.Join(slices.Sorted(maps.Keys(patch)), ", "), c)
	if err != nil {
		if undo := replaceText(file, kept); undo != nil {
			err = fmt.Errorf("%w; and %s has the refused text still: %w", err, file, undo)
		}
	}
	return problems, err
}

// replaceText replaces a file that somebody else may own: where it leads, and who may read it, stay.
func replaceText(file string, text []byte) error {
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	before, err := os.Stat(file)
	if e := replaceFile(file, text); e != nil || err != nil {
		return e // a new file is the gateway's own
	}
	return os.Chmod(file, before.Mode().Perm())
}
