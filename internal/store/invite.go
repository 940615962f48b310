package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store/cluster"
)

// ErrNoCluster is returned for what only a member of a cluster can do.
var ErrNoCluster = errors.New("this node belongs to no cluster")

// ErrToken is returned for a token that the cluster does not know.
var ErrToken = errors.New("the token has been used, or it is too old")

// Invite makes a token with which one node can join, within the time of life.
func (s *Store) Invite(ctx context.Context, life time.Duration) (string, error) {
	if s.member == nil || len(s.member.Endpoints) > 0 {
		return "", ErrNoCluster
	}
	authority, err := os.ReadFile(caFile(s.o.Dir))
	if err != nil {
		return "", fmt.Errorf("read the certificate of the cluster: %w", err)
	}
	token, err := cluster.NewToken(joinHostPort(s.member.Address, s.member.Ports.Join), authority)
	if err != nil {
		return "", err
	}
	lease, err := s.client.Grant(ctx, int64(life/time.Second))
	if err == nil {
		_, err = s.client.Put(ctx, s.places.tokens()+cluster.Hash(token.Secret), s.o.Name, clientv3.WithLease(lease.ID))
	}
	if err != nil {
		return "", fmt.Errorf("write the token: %w", err)
	}
	return token.String(), nil
}

// take uses a token up. Of several nodes that try, one does. The lease gives the token back, where joining failed.
func (s *Store) take(ctx context.Context, secret [16]byte) (back func(context.Context) error, err error) {
	key := s.places.tokens() + cluster.Hash(secret)
	resp, err := s.client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(key), ">", 0)).
		Then(clientv3.OpDelete(key, clientv3.WithPrevKV())).Commit()
	if err != nil {
		return nil, fmt.Errorf("look the token up: %w", err)
	}
	if !resp.Succeeded {
		return nil, ErrToken
	}
	was := resp.Responses[0].GetResponseDeleteRange().PrevKvs[0]
	return func(ctx context.Context) error {
		_, err := s.client.Put(ctx, key, string(was.Value), clientv3.WithLease(clientv3.LeaseID(was.Lease)))
		return err
	}, nil
}
