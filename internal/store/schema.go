package store

import (
	"context"
	"fmt"
	"strconv"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// schemaVersion is the version of the keys that this program reads and writes. Only tests set it.
var schemaVersion = 1

func schemaText() string { return strconv.Itoa(schemaVersion) }

// migrations lead from one version of the keys to the next: migrations[1] from 1 to 2. Each is one transaction, which also
// writes the version.
var migrations = map[int]func(context.Context, *Store) ([]clientv3.Op, error){}

// NewerError says that a newer program wrote the store.
type NewerError struct {
	Has   int // the version of the store
	Knows int // the newest that this program knows
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("a newer program wrote the store: its keys have version %d, and this program knows versions up to %d; "+
		"run the newer program, or restore a backup of before its first start", e.Has, e.Knows)
}

// checkSchema marks an empty store with its version, migrates an older one, and refuses a newer one.
func (s *Store) checkSchema(ctx context.Context) error {
	for {
		version, mod, err := s.schema(ctx)
		switch {
		case err != nil:
			return err
		case version > schemaVersion:
			return &NewerError{Has: version, Knows: schemaVersion}
		case version == schemaVersion:
			return nil
		}
		if err := s.migrate(ctx, version, mod); err != nil {
			return err
		}
	}
}

// schema is the version of the store, 0 for an empty one, and etcd's revision of it.
func (s *Store) schema(ctx context.Context) (version int, mod int64, err error) {
	resp, err := s.client.Get(ctx, s.places.schema())
	if err != nil {
		return 0, 0, fmt.Errorf("read the version of the store: %w", err)
	}
	for _, kv := range resp.Kvs {
		if version, err = strconv.Atoi(string(kv.Value)); err != nil || version < 1 {
			return 0, 0, fmt.Errorf("the version of the store is %q, which is no number from 1 on", kv.Value)
		}
		mod = kv.ModRevision
	}
	return version, mod, nil
}

// migrate goes one version forward. Of several nodes that try, one does.
func (s *Store) migrate(ctx context.Context, version int, mod int64) error {
	var ops []clientv3.Op
	next := version + 1
	if version == 0 {
		next = schemaVersion
	} else {
		step, ok := migrations[version]
		if !ok {
			return fmt.Errorf("the keys of the store have version %d, from which no migration is known", version)
		}
		var err error
		if ops, err = step(ctx, s); err != nil {
			return fmt.Errorf("migrate the store from version %d: %w", version, err)
		}
	}
	ops = append(ops, clientv3.OpPut(s.places.schema(), strconv.Itoa(next)))
	_, err := s.client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(s.places.schema()), "=", mod)).Then(ops...).Commit()
	if err != nil {
		return fmt.Errorf("migrate the store from version %d: %w", version, err)
	}
	return nil
}
