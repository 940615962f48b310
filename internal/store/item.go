package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Item is something small that all nodes share beside the configuration, such as a credential of the management API.
type Item struct {
	Kind     string // items of one kind are listed together
	Name     string // unique among them
	Value    []byte // plain: what is secret belongs into a Secret
	Revision int64  // etcd's, of the last write; a write replaces this one, or AnyRevision. 0: there is none yet
}

// ErrNoItem is returned where there is no item of that name.
var ErrNoItem = errors.New("there is no such item")

// Item reads an item, or fails with ErrNoItem.
func (s *Store) Item(ctx context.Context, kind, name string) (Item, error) {
	resp, err := s.client.Get(ctx, s.places.item(kind, name))
	if err != nil {
		return Item{}, fmt.Errorf("read the item %s of %s: %w", name, kind, err)
	}
	for _, kv := range resp.Kvs {
		return Item{Kind: kind, Name: name, Value: kv.Value, Revision: kv.ModRevision}, nil
	}
	return Item{}, fmt.Errorf("%s of %s: %w", name, kind, ErrNoItem)
}

// Items reads all items of a kind, by name.
func (s *Store) Items(ctx context.Context, kind string) ([]Item, error) {
	prefix := s.places.item(kind, "")
	resp, err := s.client.Get(ctx, prefix, clientv3.WithPrefix())
	if err != nil {
		return nil, fmt.Errorf("read the items of %s: %w", kind, err)
	}
	out := make([]Item, 0, len(resp.Kvs))
	for _, kv := range resp.Kvs {
		name, err := url.PathUnescape(strings.TrimPrefix(string(kv.Key), prefix))
		if err != nil {
			return nil, fmt.Errorf("read the item %s: %w", kv.Key, err)
		}
		out = append(out, Item{Kind: kind, Name: name, Value: kv.Value, Revision: kv.ModRevision})
	}
	return out, nil
}

// PutItem writes an item in place of the revision that it names and returns the new one. It fails with ErrConflict where
// somebody else was faster.
func (s *Store) PutItem(ctx context.Context, r Item) (int64, error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	key := s.places.item(r.Kind, r.Name)
	resp, err := s.client.Txn(ctx).If(isRevision(key, r.Revision)...).Then(clientv3.OpPut(key, string(r.Value))).Commit()
	if err != nil {
		return 0, fmt.Errorf("write the item %s of %s: %w", r.Name, r.Kind, err)
	}
	if !resp.Succeeded {
		return 0, fmt.Errorf("write the item %s of %s: %w", r.Name, r.Kind, ErrConflict)
	}
	return resp.Header.Revision, nil
}

// DeleteItem removes an item of the revision that it names. It fails with ErrConflict where that is no longer the one, and
// with ErrNoItem where AnyRevision is none.
func (s *Store) DeleteItem(ctx context.Context, r Item) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	key := s.places.item(r.Kind, r.Name)
	resp, err := s.client.Txn(ctx).If(isRevision(key, r.Revision)...).Then(clientv3.OpDelete(key)).Commit()
	switch {
	case err != nil:
		return fmt.Errorf("remove the item %s of %s: %w", r.Name, r.Kind, err)
	case !resp.Succeeded:
		return fmt.Errorf("remove the item %s of %s: %w", r.Name, r.Kind, ErrConflict)
	case resp.Responses[0].GetResponseDeleteRange().Deleted == 0:
		return fmt.Errorf("remove the item %s of %s: %w", r.Name, r.Kind, ErrNoItem)
	}
	return nil
}

func isRevision(key string, revision int64) []clientv3.Cmp {
	if revision == AnyRevision {
		return nil
	}
	return []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(key), "=", revision)}
}
