package activity

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// parse reads a whole line. ok is false for a line that is cut, or of another log.
func parse(text []byte) (e Event, ok bool) {
	var v struct {
		line
		Own json.RawMessage `json:"causeway"`
	}
	if json.Unmarshal(bytes.TrimSpace(text), &v) != nil {
		return e, false
	}
	if e, ok = Decode(v.Own); !ok {
		return e, false
	}
	at, err := time.Parse(time.RFC3339Nano, v.Time)
	e.At, e.Resource, e.Caller, e.Correlation, e.Failed = at, v.Resource, v.Caller, v.Correlation, v.Result == "Failed"
	if e.Kind == Beside {
		e.Action = v.Operation
	}
	return e, err == nil
}

// Read reads the log of a data directory, oldest first. Lines that are cut, as a full disk leaves them, are left out. No log is no error.
func Read(folder string) ([]Event, error) {
	var all []Event
	for _, path := range Files(folder) {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) { // rotated meanwhile
			continue
		}
		if err != nil {
			return all, fmt.Errorf("read the activity log: %w", err)
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, most)
		for lines.Scan() {
			if e, ok := parse(lines.Bytes()); ok {
				all = append(all, e)
			}
		}
		f.Close()
		if err := lines.Err(); err != nil {
			return all, fmt.Errorf("read the activity log: %w", err)
		}
	}
	return all, nil
}
