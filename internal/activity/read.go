package activity

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// lineMax is how many bytes Read takes for an event. Write makes lines that are far shorter.
const lineMax = 256 << 10

// Read reads the log of a data directory, oldest first. It leaves out lines that are cut, as a full disk leaves them, and lines that are
// too long for an event. No log is no error.
func Read(folder string) ([]Event, error) {
	var all []Event
	for _, path := range Files(folder) {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) { // rotated meanwhile
			continue
		}
		if err == nil {
			all, err = appendEvents(all, f)
			f.Close()
		}
		if err != nil {
			return all, fmt.Errorf("read the activity log: %w", err)
		}
	}
	return all, nil
}

// appendEvents adds the events of a file.
func appendEvents(all []Event, from io.Reader) ([]Event, error) {
	in := bufio.NewReaderSize(from, lineMax)
	within := false // an overlong line
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			within = true
			continue
		}
		if e, ok := parse(line); ok && !within {
			all = append(all, e)
		}
		within = false
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		}
	}
}
