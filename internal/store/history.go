package store

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store/layout"
)

// record is what the history keeps of a change: its head, and what the keys that it changed held before, as stored. Those
// of all later changes, undone one after another, lead from the current configuration back to an old one.
type record struct {
	Head   head               `json:"head"`
	Before map[string]*[]byte `json:"before"` // nil: there was no such key
}

func (r record) encode() ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}

func decodeRecord(stored []byte) (r record, err error) {
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(stored)))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return r, fmt.Errorf("a record of the history: %w", err)
	}
	return r, nil
}

// History lists the changes that the store keeps, the newest first.
func (s *Store) History(ctx context.Context) ([]Change, error) {
	resp, err := s.client.Get(ctx, s.places.history(), clientv3.WithPrefix())
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	var out []Change
	for _, kv := range slices.Backward(resp.Kvs) {
		r, err := decodeRecord(kv.Value)
		if err != nil {
			return nil, err
		}
		c := r.Head.change()
		c.Keys = slices.Sorted(maps.Keys(r.Before))
		out = append(out, c)
	}
	return out, nil
}

// At is the configuration as it was at a revision. The error is ErrNoRevision where the store does not keep it.
func (s *Store) At(ctx context.Context, revision int64) (Snapshot, error) {
	if err := s.usable(ctx); err != nil {
		return Snapshot{}, err
	}
	if revision <= 0 {
		return Snapshot{}, fmt.Errorf("revision %d: %w", revision, ErrNoRevision)
	}
	st, err := s.read(ctx, clientv3.OpGet(s.places.revision(revision), clientv3.WithRange(clientv3.GetPrefixRangeEnd(s.places.history()))))
	if err != nil {
		return Snapshot{}, err
	}
	if st.headMod == 0 || revision > st.head.Revision || len(st.history) == 0 {
		return Snapshot{}, fmt.Errorf("revision %d: %w", revision, ErrNoRevision)
	}
	if err := st.rewind(revision); err != nil {
		return Snapshot{}, err
	}
	return s.snapshot(ctx, st)
}

// rewind undoes the changes after a revision. The records begin with that of the revision.
func (st *state) rewind(revision int64) error {
	st.stored = maps.Clone(st.stored)
	for i, kv := range slices.Backward(st.history) {
		r, err := decodeRecord(kv.Value)
		if err != nil {
			return err
		}
		if i == 0 {
			if r.Head.Revision != revision {
				return fmt.Errorf("revision %d: %w", revision, ErrNoRevision)
			}
			st.head = r.Head
			return nil
		}
		undo(st.stored, r.Before)
	}
	return nil
}

func undo(keys layout.Keys, before map[string]*[]byte) {
	for key, value := range before {
		if value == nil {
			delete(keys, key)
			continue
		}
		keys[key] = *value
	}
}
