package supervisor

import (
	"encoding/json"
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

// see compares the roster with the nodes that run.
func (r *roster) see(running []string, now time.Time) {
	for _, name := range running {
		delete(r.missing, name)
		if !slices.Contains(r.names, name) {
			r.names = append(r.names, name)
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
		return true
	})
}

// shared is what a node remembers of the cluster on its own disk: without a quorum it keeps the share that it had, restarts
// included. A gateway of one node remembers how many instances the autoscaler has chosen.
type shared struct {
	Nodes  []string `json:"nodes,omitempty"`  // that the instances are spread over
	Scaled int      `json:"scaled,omitempty"` // instances of all nodes, as the autoscaler has chosen; 0: nothing yet
}

func sharedFile(data string) string { return filepath.Join(store.Within(data), "share.json") }

// recall reads what this node remembers. The node itself is always one of the nodes.
func (s *Supervisor) recall() {
	var was shared
	text, err := os.ReadFile(sharedFile(s.o.Data))
	if err == nil {
		err = json.Unmarshal(text, &was)
	}
	if err != nil && !os.IsNotExist(err) {
		slog.Warn("the share of this node cannot be read; it asks the cluster", "error", err)
	}
	s.remembered, s.scaled = was, was.Scaled
	if s.node == "" {
		return
	}
	s.roster = roster{names: was.Nodes, missing: map[string]time.Time{}}
	s.roster.see(append([]string{s.node}, was.Nodes...), time.Now())
}

// remember writes it, if there is something new. s.applyMu is held, or nobody else knows s yet.
func (s *Supervisor) remember() {
	s.mu.Lock()
	now := shared{Scaled: s.scaled}
	if s.node != "" {
		now.Nodes = slices.Clone(s.roster.names)
	}
	s.mu.Unlock()
	if now.Scaled == s.remembered.Scaled && slices.Equal(now.Nodes, s.remembered.Nodes) {
		return
	}
	text, err := json.Marshal(now)
	if err == nil {
		err = replaceFile(sharedFile(s.o.Data), text)
	}
	if err != nil {
		slog.Warn("the share of this node could not be remembered", "error", err)
		return
	}
	s.remembered = now
}
