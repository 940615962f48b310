package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Record is something small that all nodes share beside the configuration, such as a credential of the management API.
type Record struct {
	Kind     string // records of one kind are listed together
	Name     string // unique among them
	Value    []byte // plain: what is secret belongs into a Secret
	Revision int64  // etcd's, of the last write; a write replaces this one, or AnyRevision. 0: there is none yet
}

// ErrNoRecord is returned where there is no record of that name.
var ErrNoRecord = errors.New("there is no such record")

// Record reads a record, or fails with ErrNoRecord.
func (s *Store) Record(ctx context.Context, kind, name string) (Record, error) {
	resp, err := s.client.Get(ctx, s.places.record(kind, name))
	if err != nil {
		return Record{}, fmt.Errorf("read the record %s of %s: %w", name, kind, err)
	}
	for _, kv := range resp.Kvs {
		return Record{Kind: kind, Name: name, Value: kv.Value, Revision: kv.ModRevision}, nil
	}
	return Record{}, fmt.Errorf("%s of %s: %w", name, kind, ErrNoRecord)
}

// Records reads all records of a kind, by name.
func (s *Store) Records(ctx context.Context, kind string) ([]Record, error) {
	prefix := s.places.record(kind, "")
	resp, err := s.client.Get(ctx, prefix, clientv3.WithPrefix())
	if err != nil {
		return nil, fmt.Errorf("read the records of %s: %w", kind, err)
	}
	out := make([]Record, 0, len(resp.Kvs))
	for _, kv := range resp.Kvs {
		name, err := url.PathUnescape(strings.TrimPrefix(string(kv.Key), prefix))
		if err != nil {
			return nil, fmt.Errorf("read the record %s: %w", kv.Key, err)
		}
		out = append(out, Record{Kind: kind, Name: name, Value: kv.Value, Revision: kv.ModRevision})
	}
	return out, nil
}

// PutRecord writes a record in place of the revision that it names and returns the new one. It fails with ErrConflict where
// somebody else was faster.
func (s *Store) PutRecord(ctx context.Context, r Record) (int64, error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	key := s.places.record(r.Kind, r.Name)
	resp, err := s.client.Txn(ctx).If(isRevision(key, r.Revision)...).Then(clientv3.OpPut(key, string(r.Value))).Commit()
	if err != nil {
		return 0, fmt.Errorf("write the record %s of %s: %w", r.Name, r.Kind, err)
	}
	if !resp.Succeeded {
		return 0, fmt.Errorf("write the record %s of %s: %w", r.Name, r.Kind, ErrConflict)
	}
	return resp.Header.Revision, nil
}

// DeleteRecord removes a record of the revision that it names. It fails with ErrConflict where that is no longer the one, and
// with ErrNoRecord where AnyRevision is none.
func (s *Store) DeleteRecord(ctx context.Context, r Record) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	key := s.places.record(r.Kind, r.Name)
	resp, err := s.client.Txn(ctx).If(isRevision(key, r.Revision)...).Then(clientv3.OpDelete(key)).Commit()
	switch {
	case err != nil:
		return fmt.Errorf("remove the record %s of %s: %w", r.Name, r.Kind, err)
	case !resp.Succeeded:
		return fmt.Errorf("remove the record %s of %s: %w", r.Name, r.Kind, ErrConflict)
	case resp.Responses[0].GetResponseDeleteRange().Deleted == 0:
		return fmt.Errorf("remove the record %s of %s: %w", r.Name, r.Kind, ErrNoRecord)
	}
	return nil
}

func isRevision(key string, revision int64) []clientv3.Cmp {
	if revision == AnyRevision {
		return nil
	}
	return []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(key), "=", revision)}
}
