package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Scaled is what the autoscaler of a cluster has decided.
type Scaled struct {
	Want int       `json:"want"` // instances of all nodes together; 0: nobody has decided yet
	Why  string    `json:"why,omitempty"`
	By   string    `json:"by"`   // the node that led
	When time.Time `json:"when"` // UTC
	At   int64     `json:"-"`    // etcd's revision of it: a greater one is newer
}

// Scale writes how many instances the leader wants, as long as the node leads, else ErrNotLeader.
func (l *Leadership) Scale(ctx context.Context, want int, why string) (Scaled, error) {
	s := l.store
	scaled := Scaled{Want: want, Why: why, By: s.o.Name, When: time.Now().UTC()}
	text, err := json.Marshal(scaled)
	if err != nil {
		return scaled, err
	}
	resp, err := s.client.Txn(ctx).If(l.fence.conditions()...).Then(clientv3.OpPut(s.places.scale(), string(text))).Commit()
	switch {
	case err != nil:
		return scaled, fmt.Errorf("write the number of instances: %w", err)
	case !resp.Succeeded:
		return scaled, ErrNotLeader
	}
	scaled.At = resp.Header.Revision
	return scaled, nil
}

// Presence is who is part of a cluster and who of them runs, and how many instances they shall have together.
type Presence struct {
	Running  []Node   // by name
	Admitted []string // names of all nodes, sorted, whether or not they run
	Scaled   Scaled
}

// Presence reads it. A quorum confirms it.
func (s *Store) Presence(ctx context.Context) (p Presence, err error) {
	resp, err := s.client.Txn(ctx).Then(
		clientv3.OpGet(s.places.nodes(), clientv3.WithPrefix()), clientv3.OpGet(s.places.scale()),
		clientv3.OpGet(s.places.nodeKeys(), clientv3.WithPrefix(), clientv3.WithKeysOnly()),
	).Commit()
	if err != nil {
		return p, fmt.Errorf("read the nodes: %w", err)
	}
	for _, kv := range resp.Responses[1].GetResponseRange().Kvs {
		if err := json.Unmarshal(kv.Value, &p.Scaled); err != nil {
			return p, fmt.Errorf("read the number of instances: %w", err)
		}
		p.Scaled.At = kv.ModRevision
	}
	p.Admitted = s.admitted(resp.Responses[2].GetResponseRange().Kvs)
	p.Running, err = readNodes(resp.Responses[0].GetResponseRange().Kvs)
	return p, err
}
