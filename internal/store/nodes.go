package store

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/scale"
)

// Node is what a node says of itself to the others.
type Node struct {
	Name      string    `json:"name"` // set by Announce
	Started   time.Time `json:"started"`
	Version   string    `json:"version,omitempty"`   // of the program
	Address   string    `json:"address,omitempty"`   // at which people find the node
	API       string    `json:"api,omitempty"`       // HOST:PORT at which other nodes reach its management API; empty: it has none
	Revision  int64     `json:"revision"`            // of the configuration that all its instances serve
	Instances int       `json:"instances"`           // that serve
	Faults    []string  `json:"faults,omitempty"`    // why it does not serve what it should
	Processor float64   `json:"processor,omitempty"` // processors that it may use
	Memory    int64     `json:"memory,omitempty"`    // bytes that it may use
	Room      int       `json:"room,omitempty"`      // instances whose budgets fit there; 0: unknown

	Sample *scale.Sample `json:"sample,omitempty"` // what its instances did last, for the autoscaler
}

// Announcement keeps a node in the list of those that run.
type Announcement struct {
	store   *Store
	changed chan struct{}
	cancel  context.CancelFunc
	done    chan struct{}

	mu      sync.Mutex
	node    Node
	leaving bool
}

// Announce lists the node among those that run, as long as the store is open and reaches a quorum. The others forget it ten
// seconds after its last sign of life, so that one that starts again meanwhile was never away; with Leave they do at once.
func (s *Store) Announce(n Node) *Announcement {
	n.Name = s.o.Name
	ctx, cancel := context.WithCancel(s.ctx)
	a := &Announcement{store: s, changed: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{}), node: n}
	s.tasks.Go(func() { a.run(ctx) })
	return a
}

// Update says something new.
func (a *Announcement) Update(n Node) {
	n.Name = a.store.o.Name
	a.mu.Lock()
	a.node = n
	a.mu.Unlock()
	signal(a.changed)
}

// Leave takes the node off the list.
func (a *Announcement) Leave() {
	a.mu.Lock()
	a.leaving = true
	a.mu.Unlock()
	a.cancel()
	<-a.done
}

// Silence ends the signs of life. It does not wait.
func (a *Announcement) Silence() { a.cancel() }

// run announces the node under one lease after another.
func (a *Announcement) run(ctx context.Context) {
	defer close(a.done)
	for ctx.Err() == nil {
		if err := a.hold(ctx); err != nil && ctx.Err() == nil {
			slog.Debug("the node could not be announced", "error", err)
			pause(ctx, retryLast)
		}
	}
}

// hold announces the node until its lease ends.
func (a *Announcement) hold(ctx context.Context) error {
	ask, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	lease, err := a.store.client.Grant(ask, leaseTTL)
	if err != nil {
		return err
	}
	defer a.revoke(lease.ID)
	alive, err := a.store.client.KeepAlive(ctx, lease.ID)
	if err != nil {
		return err
	}
	for {
		if err := a.write(ctx, lease.ID); err != nil {
			return err
		}
		if !a.wait(ctx, alive) {
			return nil
		}
	}
}

// wait returns true when there is something new to say, and false when the lease or ctx ended.
func (a *Announcement) wait(ctx context.Context, alive <-chan *clientv3.LeaseKeepAliveResponse) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-a.changed:
			return true
		case _, ok := <-alive:
			if !ok {
				return false
			}
		}
	}
}

func (a *Announcement) write(ctx context.Context, lease clientv3.LeaseID) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	a.mu.Lock()
	text, err := json.Marshal(a.node)
	a.mu.Unlock()
	if err != nil {
		return err
	}
	_, err = a.store.client.Put(ctx, a.store.places.nodes()+a.store.o.Name, string(text), clientv3.WithLease(lease))
	return err
}

// revokeTime is how long a node tries to say that it leaves.
const revokeTime = time.Second

// revoke takes back the lease of a node that leaves. Any other ends on its own, and with it what no later lease holds.
func (a *Announcement) revoke(lease clientv3.LeaseID) {
	a.mu.Lock()
	leaving := a.leaving
	a.mu.Unlock()
	if !leaving {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), revokeTime)
	defer cancel()
	if _, err := a.store.client.Revoke(ctx, lease); err != nil {
		slog.Debug("the node could not be taken off the list; its lease ends soon", "error", err)
	}
}

// Nodes are the nodes that run, by name.
func (s *Store) Nodes(ctx context.Context) ([]Node, error) {
	resp, err := s.client.Get(ctx, s.places.nodes(), clientv3.WithPrefix())
	if err != nil {
		return nil, fmt.Errorf("read the nodes: %w", err)
	}
	return readNodes(resp.Kvs)
}

func readNodes(kvs []*mvccpb.KeyValue) ([]Node, error) {
	out := make([]Node, 0, len(kvs))
	for _, kv := range kvs {
		var n Node
		if err := json.Unmarshal(kv.Value, &n); err != nil {
			return nil, fmt.Errorf("read the node %s: %w", kv.Key, err)
		}
		out = append(out, n)
	}
	return out, nil
}

// Admitted are the names of the nodes that are part of the cluster, sorted, whether or not they run. A quorum confirms it.
func (s *Store) Admitted(ctx context.Context) (names []string, err error) {
	resp, err := s.client.Get(ctx, s.places.nodeKeys(), clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return nil, fmt.Errorf("read which nodes are part of the cluster: %w", err)
	}
	return s.admitted(resp.Kvs), nil
}

func (s *Store) admitted(kvs []*mvccpb.KeyValue) (names []string) {
	for _, kv := range kvs {
		names = append(names, strings.TrimPrefix(string(kv.Key), s.places.nodeKeys()))
	}
	return names
}

// Name is that of this node.
func (s *Store) Name() string { return s.o.Name }
