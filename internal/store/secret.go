package store

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Passing is how the names of secrets begin that nothing depends on for long. RotateDataKey drops them, and whoever asks next makes
// another.
const Passing = "passing/"

// Secret is a value that all nodes share, such as the key of affinity cookies, sealed in the store. The first node that asks
// makes it.
func (s *Store) Secret(ctx context.Context, name string, make func() ([]byte, error)) ([]byte, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	key := s.places.secret(name)
	for {
		resp, err := s.client.Get(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("read the secret %s: %w", name, err)
		}
		for _, kv := range resp.Kvs {
			return s.open(ctx, s.places.relative(key), kv.Value)
		}
		if err := s.makeSecret(ctx, key, make); err != nil {
			return nil, fmt.Errorf("make the secret %s: %w", name, err)
		}
	}
}

// makeSecret writes a secret unless there is one by now, or the data keys changed.
func (s *Store) makeSecret(ctx context.Context, key string, make func() ([]byte, error)) error {
	st, err := s.sealer(ctx)
	if err != nil {
		return err
	}
	if st.sealer != s.keys().Current() {
		return s.loadKeys(ctx)
	}
	value, err := make()
	if err != nil {
		return err
	}
	sealed, err := s.keys().Seal(s.places.relative(key), value)
	if err != nil {
		return err
	}
	_, err = s.client.Txn(ctx).If(
		clientv3.Compare(clientv3.CreateRevision(key), "=", 0),
		clientv3.Compare(clientv3.ModRevision(s.places.currentKey()), "=", st.keysMod),
	).Then(clientv3.OpPut(key, string(sealed))).Commit()
	return err
}

// SetSecret replaces a shared value.
func (s *Store) SetSecret(ctx context.Context, name string, value []byte) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	key := s.places.secret(name)
	for {
		st, err := s.sealer(ctx)
		if err != nil {
			return err
		}
		if st.sealer != s.keys().Current() {
			if err := s.loadKeys(ctx); err != nil {
				return err
			}
			continue
		}
		sealed, err := s.keys().Seal(s.places.relative(key), value)
		if err != nil {
			return err
		}
		if err := s.whileSealer(ctx, st.keysMod, clientv3.OpPut(key, string(sealed))); !errors.Is(err, errAgain) {
			return err
		}
	}
}
