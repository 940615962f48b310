package supervisor

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"causeway/internal/store"
)

// share is how many of all instances run on one of the nodes that they are spread over. nodes are sorted; one that is not
// among them has none.
func share(all int, nodes []string, node string) int {
	at := slices.Index(nodes, node)
	if at < 0 {
		return 0
	}
	n := all / len(nodes)
	if at < all%len(nodes) {
		n++
	}
	return n
}

// roster is the nodes that the instances are spread over.
type roster struct {
	names   []string             // sorted
	missing map[string]time.Time // since when a node of names does not run
}

// goneAfter is for how long a node has to be off the list of those that run, before the others take its share. Its lease has
// ended by then. After the end of an outage every node needs a moment until it is back on the list.
const goneAfter = 3 * time.Second

// see compares the roster with the nodes that run, and reports whether it changed.
func (r *roster) see(running []string, now time.Time) (changed bool) {
	for _, name := range running {
		delete(r.missing, name)
		if !slices.Contains(r.names, name) {
			r.names, changed = append(r.names, name), true
		}
	}
	slices.Sort(r.names)
	r.names = slices.DeleteFunc(r.names, func(name string) bool {
		if slices.Contains(running, name) {
			return false
		}
		since, known := r.missing[name]
		if !known {
			r.missing[name] = now
			return false
		}
		if now.Sub(since) < goneAfter {
			return false
		}
		delete(r.missing, name)
		changed = true
		return true
	})
	return changed
}

// rosterFile is where a node remembers the roster: without a quorum it keeps the share that it had, restarts included.
func rosterFile(data string) string { return filepath.Join(store.Within(data), "nodes.json") }

// openRoster is the roster as this node remembers it. The node itself is always part of it.
func openRoster(data, node string) roster {
	r := roster{missing: map[string]time.Time{}}
	text, err := os.ReadFile(rosterFile(data))
	if err == nil {
		err = json.Unmarshal(text, &r.names)
	}
	if err != nil && !os.IsNotExist(err) {
		slog.Warn("the nodes that share the instances cannot be read; this node asks the cluster", "error", err)
	}
	if !slices.Contains(r.names, node) {
		r.names = append(r.names, node)
	}
	slices.Sort(r.names)
	return r
}

// keepRoster remembers the roster.
func (s *Supervisor) keepRoster() {
	s.mu.Lock()
	text, err := json.Marshal(s.roster.names)
	s.mu.Unlock()
	if err == nil {
		err = replaceFile(rosterFile(s.o.Data), text)
	}
	if err != nil {
		slog.Warn("the nodes that share the instances could not be remembered", "error", fmt.Errorf("write %s: %w", rosterFile(s.o.Data), err))
	}
}
