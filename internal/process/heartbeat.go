package process

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// An instance that is killed cannot say what it had open. So it writes that down, each second, into a file beside its socket, which
// outlives it until a supervisor has read it. An instance that has drained removes both: a file that is left tells of a death.

// beatEvery is the time between two heartbeats.
const beatEvery = time.Second

// beatSize is how many bytes a heartbeat has: each overwrites the one before with a single write.
const beatSize = 256

// beat is one heartbeat.
type beat struct {
	At          time.Time `json:"at"`
	Started     time.Time `json:"started"`
	Connections int       `json:"connections"` // of clients
}

// heartbeatOf is where an instance writes its heartbeat: the path of its socket with another ending.
func heartbeatOf(socket string) string {
	return strings.TrimSuffix(socket, filepath.Ext(socket)) + ".beat"
}

// beat writes heartbeats to path until ctx ends. A disk that takes none costs what they would have told.
func (p *plane) beat(ctx context.Context, path string) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		slog.Warn("this instance has no heartbeat: if it dies, nobody knows how many connections it had", "error", err)
		return
	}
	defer f.Close()
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		_, _ = f.WriteAt(p.lastBeat(), 0)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// lastBeat is a heartbeat as the file has it.
func (p *plane) lastBeat() []byte {
	text, err := json.Marshal(beat{At: time.Now(), Started: p.started, Connections: p.engine.Live()})
	if err != nil { // of times and numbers: there is none
		return nil
	}
	return append(text, bytes.Repeat([]byte{' '}, max(0, beatSize-len(text)))...)
}

// readBeat is the last heartbeat of the instance that had a socket; false: there is none.
func readBeat(socket string) (b beat, ok bool) {
	text, err := os.ReadFile(heartbeatOf(socket))
	return b, err == nil && json.Unmarshal(text, &b) == nil
}

// Beating are the process ids of the instances of a data directory that serve now, by their heartbeats. It asks nobody, so that it works
// while no supervisor runs. A heartbeat of the future is none: the clock was set back after its instance had died.
func Beating(data string) (pids []int) {
	paths, _ := filepath.Glob(filepath.Join(data, runName, "*.beat"))
	for _, path := range paths {
		var number, pid int
		_, err := fmt.Sscanf(filepath.Base(path), "%d-%d.beat", &number, &pid)
		info, bad := os.Stat(path)
		if err == nil && bad == nil && time.Since(info.ModTime()).Abs() < 3*beatEvery {
			pids = append(pids, pid)
		}
	}
	return pids
}

// removeTraces removes what an instance has beside its log.
func removeTraces(socket string) {
	os.Remove(socket)
	os.Remove(heartbeatOf(socket))
}
