package arm

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Bounds of the question which nodes there are.
const (
	admittedTime  = time.Second      // how long a quorum may take
	admittedLife  = 5 * time.Second  // how long its answer holds
	admittedAgain = 10 * time.Second // when one that did not answer is asked again
)

// admitted remembers the names of all nodes as a quorum last said. Without one an answer seldom waits for it.
type admitted struct {
	mu    sync.Mutex
	names []string
	until time.Time // when a quorum is asked again
}

// of are the names of all nodes of a cluster. Clients who ask at once wait for one question together, so it outlives the one who began it.
func (a *admitted) of(ctx context.Context, nodes Cluster) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().Before(a.until) {
		return a.names
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), admittedTime)
	defer cancel()
	names, err := nodes.Admitted(ctx)
	if err != nil {
		slog.Debug("this node does not know now which nodes there are", "error", err)
		a.until = time.Now().Add(admittedAgain)
		return a.names
	}
	a.names, a.until = names, time.Now().Add(admittedLife)
	return a.names
}
