package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store/keep"
	"causeway/internal/store/layout"
)

// Admit gives a node the keys to the secrets of the store: it wraps them for the node's public key.
func (s *Store) Admit(ctx context.Context, node, recipient string) error {
	if err := checkName(node); err != nil {
		return err
	}
	for {
		err := s.wrapFor(ctx, node, recipient)
		if !errors.Is(err, errAgain) {
			return err
		}
	}
}

// wrapFor fails with errAgain where the data keys change meanwhile.
func (s *Store) wrapFor(ctx context.Context, node, recipient string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	st, err := s.sealer(ctx)
	if err != nil {
		return err
	}
	if st.sealer != s.keys().Current() {
		return errAgain
	}
	ops := []clientv3.Op{clientv3.OpPut(s.places.nodeKeys()+node, recipient)}
	for id, key := range s.keys().Keys() {
		wrapped, err := keep.Wrap(recipient, key[:])
		if err != nil {
			return err
		}
		ops = append(ops, clientv3.OpPut(s.places.dataKey(id, node), string(wrapped)))
	}
	return s.whileSealer(ctx, st.keysMod, ops...)
}

// sealer is the part of a state that names the current data key.
func (s *Store) sealer(ctx context.Context) (st state, err error) {
	resp, err := s.client.Get(ctx, s.places.currentKey())
	if err != nil {
		return st, fmt.Errorf("read the name of the data key: %w", err)
	}
	for _, kv := range resp.Kvs {
		st.sealer, st.keysMod = string(kv.Value), kv.ModRevision
	}
	return st, nil
}

// whileSealer does something unless the data keys changed; then it fails with errAgain.
func (s *Store) whileSealer(ctx context.Context, mod int64, ops ...clientv3.Op) error {
	resp, err := s.client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(s.places.currentKey()), "=", mod)).Then(ops...).Commit()
	if err != nil {
		return fmt.Errorf("write the data keys: %w", err)
	}
	if !resp.Succeeded {
		return errAgain
	}
	return nil
}

// RotateNodeKey replaces the key of this node. At every moment one of the keys in its file opens the store.
func (s *Store) RotateNodeKey(ctx context.Context) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	identity, err := s.identity()
	if err != nil {
		return err
	}
	if err := identity.Renew(); err != nil {
		return err
	}
	if err := s.Admit(ctx, s.o.Name, identity.Recipient()); err != nil {
		return err
	}
	switch good, err := LastGood(s.o.Dir); {
	case err == nil:
		if err := s.KeepGood(good); err != nil {
			return err
		}
	case !errors.Is(err, ErrEmpty):
		return err
	}
	return identity.Retire()
}

// RotateDataKey brings in a new data key, seals everything with it again, also the history, and forgets the old ones. Passing
// secrets are dropped: whoever had the old key has seen them. After a failure in between, everything stays readable; another call
// finishes the work.
func (s *Store) RotateDataKey(ctx context.Context) error {
	if err := s.addKey(ctx); err != nil {
		return err
	}
	if err := s.sealAgain(ctx); err != nil {
		return err
	}
	// A write that began before may still bring back what the old key seals. The touch makes it fail.
	if err := s.touchKey(ctx); err != nil {
		return err
	}
	if _, err := s.client.Delete(ctx, s.places.secret(Passing), clientv3.WithPrefix()); err != nil {
		return fmt.Errorf("drop passing secrets: %w", err)
	}
	if err := s.sealAgain(ctx); err != nil {
		return err
	}
	return s.dropKeys(ctx)
}

// addKey makes a data key, wraps it for every node, and lets it seal.
func (s *Store) addKey(ctx context.Context) error {
	for {
		st, err := s.sealer(ctx)
		if err != nil {
			return err
		}
		nodes, err := s.client.Get(ctx, s.places.nodeKeys(), clientv3.WithPrefix())
		if err != nil {
			return fmt.Errorf("read the public keys of the nodes: %w", err)
		}
		id, key := keep.NewKey()
		ops := []clientv3.Op{clientv3.OpPut(s.places.currentKey(), id)}
		for _, kv := range nodes.Kvs {
			wrapped, err := keep.Wrap(string(kv.Value), key[:])
			if err != nil {
				return err
			}
			node := strings.TrimPrefix(string(kv.Key), s.places.nodeKeys())
			ops = append(ops, clientv3.OpPut(s.places.dataKey(id, node), string(wrapped)))
		}
		if err := s.whileSealer(ctx, st.keysMod, ops...); errors.Is(err, errAgain) {
			continue
		} else if err != nil {
			return err
		}
		return s.loadKeys(ctx)
	}
}

func (s *Store) touchKey(ctx context.Context) error {
	st, err := s.sealer(ctx)
	if err != nil {
		return err
	}
	return s.whileSealer(ctx, st.keysMod, clientv3.OpPut(s.places.currentKey(), st.sealer))
}

// dropKeys forgets all data keys but the current one.
func (s *Store) dropKeys(ctx context.Context) error {
	st, err := s.sealer(ctx)
	if err != nil {
		return err
	}
	var ops []clientv3.Op
	for _, id := range s.keys().IDs() {
		if id != st.sealer {
			ops = append(ops, clientv3.OpDelete(s.places.dataKey(id, ""), clientv3.WithPrefix()))
		}
	}
	if err := s.whileSealer(ctx, st.keysMod, ops...); err != nil {
		return err
	}
	return s.loadKeys(ctx)
}

// sealAgain seals with the current key what another one sealed, until nothing is left.
func (s *Store) sealAgain(ctx context.Context) error {
	for left := 1; left > 0; {
		left = 0
		for _, place := range []string{s.places.config() + layout.Secret, s.places.secrets(), s.places.history()} {
			n, err := s.sealPlace(ctx, place)
			if err != nil {
				return err
			}
			left += n
		}
	}
	return nil
}

// sealPlace returns how many values it found to seal again.
func (s *Store) sealPlace(ctx context.Context, place string) (n int, err error) {
	resp, err := s.client.Get(ctx, place, clientv3.WithPrefix())
	if err != nil {
		return 0, fmt.Errorf("read what is sealed: %w", err)
	}
	for _, kv := range resp.Kvs {
		key := string(kv.Key)
		value, changed, err := s.resealed(ctx, s.places.relative(key), kv.Value)
		if err != nil {
			return n, err
		}
		if !changed {
			continue
		}
		n++
		same := clientv3.Compare(clientv3.ModRevision(key), "=", kv.ModRevision)
		if _, err := s.client.Txn(ctx).If(same).Then(clientv3.OpPut(key, string(value))).Commit(); err != nil {
			return n, fmt.Errorf("seal again: %w", err)
		}
	}
	return n, nil
}

// resealed is a value, or a record of the history, under the current key.
func (s *Store) resealed(ctx context.Context, place string, value []byte) (_ []byte, changed bool, err error) {
	if !strings.HasPrefix(place, historyPlace) {
		return s.resealedValue(ctx, place, value)
	}
	r, err := decodeRecord(value)
	if err != nil {
		return nil, false, err
	}
	for key, before := range r.Before {
		if before == nil || !layout.IsSecret(key) {
			continue
		}
		sealed, other, err := s.resealedValue(ctx, configPlace+key, *before)
		if err != nil {
			return nil, false, err
		}
		if other {
			r.Before[key], changed = &sealed, true
		}
	}
	if !changed {
		return value, false, nil
	}
	value, err = r.encode()
	return value, true, err
}

func (s *Store) resealedValue(ctx context.Context, place string, value []byte) (_ []byte, changed bool, err error) {
	if id, _ := keep.SealedWith(value); id == s.keys().Current() {
		return value, false, nil
	}
	plain, err := s.open(ctx, place, value)
	if err != nil {
		return nil, false, err
	}
	value, err = s.keys().Seal(place, plain)
	return value, true, err
}

// Forget takes a node's keys away, and revokes its certificates. It can still read what it has copied, so the data key should
// change after it.
func (s *Store) Forget(ctx context.Context, node string) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	certs, err := s.client.Get(ctx, s.places.certs(node), clientv3.WithPrefix())
	if err != nil {
		return fmt.Errorf("read the certificates of node %s: %w", node, err)
	}
	ops := []clientv3.Op{clientv3.OpDelete(s.places.nodeKeys() + node), clientv3.OpDelete(s.places.certs(node), clientv3.WithPrefix())}
	for _, id := range s.keys().IDs() {
		ops = append(ops, clientv3.OpDelete(s.places.dataKey(id, node)))
	}
	for _, kv := range certs.Kvs {
		ops = append(ops, clientv3.OpPut(s.places.revoked()+strings.TrimPrefix(string(kv.Key), s.places.certs(node)), node))
	}
	if _, err := s.client.Txn(ctx).Then(ops...).Commit(); err != nil {
		return fmt.Errorf("forget the keys of node %s: %w", node, err)
	}
	return nil
}
