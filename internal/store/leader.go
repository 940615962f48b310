package store

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

// Leadership is an election that this node has won. It may end at any moment, unseen; that is why every write of a leader
// goes through Put, which etcd refuses to one that has been replaced.
type Leadership struct {
	store    *Store
	session  *concurrency.Session
	election *concurrency.Election
	fence    fence
}

// fence is the key of a leader: as long as it is the one that was created then, the node leads.
type fence struct {
	key     string
	created int64
}

func (f *fence) conditions() []clientv3.Cmp {
	if f == nil {
		return nil
	}
	return []clientv3.Cmp{clientv3.Compare(clientv3.CreateRevision(f.key), "=", f.created)}
}

func (f *fence) holds(found []*mvccpb.KeyValue) bool {
	return len(found) == 1 && found[0].CreateRevision == f.created
}

// leaseTTL is after how many seconds of silence a node counts as gone, and a leader as replaced.
const leaseTTL = 10

// Campaign waits until this node leads, or until ctx ends.
func (s *Store) Campaign(ctx context.Context) (*Leadership, error) {
	session, err := concurrency.NewSession(s.client, concurrency.WithTTL(leaseTTL), concurrency.WithContext(s.ctx))
	if err != nil {
		return nil, fmt.Errorf("campaign: %w", err)
	}
	election := concurrency.NewElection(session, s.places.leader())
	if err := election.Campaign(ctx, s.o.Name); err != nil {
		return nil, errors.Join(fmt.Errorf("campaign: %w", err), session.Close())
	}
	return &Leadership{s, session, election, fence{election.Key(), election.Rev()}}, nil
}

// Done is closed when the node can no longer be sure that it leads.
func (l *Leadership) Done() <-chan struct{} { return l.session.Done() }

// Put is Store.Put as long as the node leads, else ErrNotLeader.
func (l *Leadership) Put(ctx context.Context, c Snapshot, ifRevision int64) (int64, error) {
	return l.store.put(ctx, c, ifRevision, &l.fence)
}

// Resign lets another node lead.
func (l *Leadership) Resign(ctx context.Context) error {
	return errors.Join(l.election.Resign(ctx), l.session.Close())
}

// Leader is the name of the node that leads; empty without one.
func (s *Store) Leader(ctx context.Context) (string, error) {
	resp, err := s.client.Get(ctx, s.places.leader()+"/", clientv3.WithFirstCreate()...)
	if err != nil {
		return "", fmt.Errorf("ask for the leader: %w", err)
	}
	for _, kv := range resp.Kvs {
		return string(kv.Value), nil
	}
	return "", nil
}
