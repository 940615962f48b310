package activity

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"unicode/utf8"
)

// Names of the log in a data directory: the one that grows, and the one before it.
const (
	Name     = "activity.jsonl"
	Previous = "activity.1.jsonl"
)

// most is up to where a file grows: some ten thousand events. With the one before it the log takes twice as much.
const most = 4 << 20

// Writer writes the activity log of a data directory. It may be used by several goroutines. While two supervisors share a directory, for
// the time of an upgrade, each may have a Writer: an event is one write at the end of the file.
type Writer struct {
	folder string
	most   int64
	mu     sync.Mutex
}

// NewWriter writes below a data directory, which must exist by the first event.
func NewWriter(folder string) *Writer { return &Writer{folder: folder, most: most} }

// Bounds of the texts of an event in bytes: much of them comes from whoever sends requests.
const (
	whyMax  = 1 << 10
	nameMax = 2 << 10 // of a resource, an operation and a caller
)

// Write adds an event, and cuts its long texts. The file is open for the moment only: events are rare, and whoever cleans up the disk need
// not ask. Nothing is flushed to the disk: a crash of the machine may cost the last events.
func (w *Writer) Write(e Event) error {
	e.Why = cut(e.Why, whyMax)
	e.Resource, e.Action, e.Caller = cut(e.Resource, nameMax), cut(e.Action, nameMax), cut(e.Caller, nameMax)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.rotate(); err != nil {
		return fmt.Errorf("rotate the activity log: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(w.folder, Name), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("write the activity log: %w", err)
	}
	_, err = f.Write(e.Append(lineEnd(f)))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the activity log: %w", err)
	}
	return nil
}

// cut leaves at most so many bytes of a text, whole characters of UTF-8 and an ellipsis.
func cut(text string, most int) string {
	const ellipsis = "…"
	if len(text) <= most {
		return text
	}
	end := most - len(ellipsis)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}

func (w *Writer) rotate() error {
	path := filepath.Join(w.folder, Name)
	info, err := os.Stat(path)
	if err != nil || info.Size() < w.most {
		return nil // there is none yet, or Write meets the same error
	}
	return os.Rename(path, filepath.Join(w.folder, Previous))
}

// Files are the paths of the log in a data directory that exist, the older one first.
func Files(folder string) (paths []string) {
	for _, name := range []string{Previous, Name} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			paths = append(paths, filepath.Join(folder, name))
		}
	}
	return paths
}

// lineEnd is what ends a last line that a full disk or a crash has cut, so that it costs itself alone.
func lineEnd(f *os.File) []byte {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return nil
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], info.Size()-1); err != nil || last[0] == '\n' {
		return nil
	}
	return []byte{'\n'}
}
