package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store"
)

func TestANewerStoreIsRefused(t *testing.T) {
	o := store.Options{Dir: filepath.Join(t.TempDir(), "s")}
	s := open(t, o)
	put(t, s, 80, 0)
	if _, err := s.Client().Put(t.Context(), "/causeway/schema", "2"); err != nil {
		t.Fatal(err)
	}
	// A node that runs already notices with its next write.
	var newer *store.NewerError
	if _, err := s.Put(t.Context(), store.Snapshot{Document: gateway(t, 81)}, 1); !errors.As(err, &newer) {
		t.Errorf("Put: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), o); !errors.As(err, &newer) || newer.Has != 2 || newer.Knows != 1 {
		t.Errorf("Open: %v", err)
	}
}

func TestAnOlderStoreIsMigrated(t *testing.T) {
	defer store.SetSchema(2, func(context.Context, *store.Store) ([]clientv3.Op, error) {
		return []clientv3.Op{clientv3.OpPut("/causeway/v1/migrated", "yes")}, nil
	})()
	o := store.Options{Dir: filepath.Join(t.TempDir(), "s")}
	s := open(t, o)
	put(t, s, 80, 0)
	if _, err := s.Client().Put(t.Context(), "/causeway/schema", "1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	for key, want := range map[string]string{"/causeway/v1/migrated": "yes", "/causeway/schema": "2"} {
		resp, err := s.Client().Get(t.Context(), key)
		if err != nil || len(resp.Kvs) != 1 || string(resp.Kvs[0].Value) != want {
			t.Errorf("%s = %v, %v", key, resp, err)
		}
	}
	put(t, s, 81, 1)
}
