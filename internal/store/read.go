package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store/keep"
	"causeway/internal/store/layout"
)

// state is the configuration as etcd has it, at one moment.
type state struct {
	head    head
	headMod int64              // etcd's revision of the head; 0: the store is empty
	stored  layout.Keys        // relative to config/, secrets sealed
	sealer  string             // the data key that seals
	keysMod int64              // etcd's revision of that
	at      int64              // etcd's revision of all of this
	history []*mvccpb.KeyValue // what else was asked for, of the history, in order
}

// read asks a quorum for the configuration, and for something of the history.
func (s *Store) read(ctx context.Context, history ...clientv3.Op) (state, error) {
	resp, err := s.client.Txn(ctx).Then(append([]clientv3.Op{
		clientv3.OpGet(s.places.config(), clientv3.WithPrefix()),
		clientv3.OpGet(s.places.currentKey()),
	}, history...)...).Commit()
	if err != nil {
		return state{}, fmt.Errorf("read the configuration: %w", err)
	}
	st := state{at: resp.Header.Revision, stored: layout.Keys{}}
	for _, kv := range resp.Responses[0].GetResponseRange().Kvs {
		name := strings.TrimPrefix(string(kv.Key), s.places.config())
		if name == headName {
			if st.head, err = readHead(kv.Value); err != nil {
				return state{}, err
			}
			st.headMod = kv.ModRevision
			continue
		}
		st.stored[name] = kv.Value
	}
	for _, kv := range resp.Responses[1].GetResponseRange().Kvs {
		st.sealer, st.keysMod = string(kv.Value), kv.ModRevision
	}
	for _, r := range resp.Responses[2:] {
		st.history = append(st.history, r.GetResponseRange().Kvs...)
	}
	return st, nil
}

// Config is the configuration, confirmed by a quorum. The error is ErrEmpty while there is none.
func (s *Store) Config(ctx context.Context) (Snapshot, error) {
	if err := s.usable(ctx); err != nil {
		return Snapshot{}, err
	}
	st, err := s.read(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	s.reached()
	return s.snapshot(ctx, st)
}

func (s *Store) snapshot(ctx context.Context, st state) (Snapshot, error) {
	if st.headMod == 0 {
		return Snapshot{}, ErrEmpty
	}
	keys, err := s.plain(ctx, st.stored)
	if err != nil {
		return Snapshot{}, err
	}
	return st.head.snapshot(keys)
}

// plain opens what is sealed.
func (s *Store) plain(ctx context.Context, stored layout.Keys) (layout.Keys, error) {
	out := make(layout.Keys, len(stored))
	for key, value := range stored {
		if !layout.IsSecret(key) {
			out[key] = value
			continue
		}
		opened, err := s.open(ctx, configPlace+key, value)
		if err != nil {
			return nil, err
		}
		out[key] = opened
	}
	return out, nil
}

// open opens a sealed value; where another node has brought in a new data key, it loads that first.
func (s *Store) open(ctx context.Context, place string, sealed []byte) ([]byte, error) {
	value, err := s.keys().Open(place, sealed)
	if errors.Is(err, keep.ErrUnknownKey) {
		if err := s.loadKeys(ctx); err != nil {
			return nil, err
		}
		value, err = s.keys().Open(place, sealed)
	}
	return value, err
}

// usable makes sure that schema and keys have been checked, which Open leaves for later where no quorum answered.
func (s *Store) usable(ctx context.Context) error {
	s.mu.Lock()
	opened := s.opened
	s.mu.Unlock()
	if opened {
		return nil
	}
	return s.begin(ctx)
}
