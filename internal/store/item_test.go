package store_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"causeway/internal/store"
)

// Of two writers that read the same item one wins; names may hold anything; a backup has the items.
func TestItems(t *testing.T) {
	s := open(t, store.Options{Dir: filepath.Join(t.TempDir(), "s")})
	put(t, s, 80, 0)
	const name = "/subscriptions/x/Resource Groups/ü"
	r := store.Item{Kind: "groups", Name: name, Value: []byte("1")}
	first, err := s.PutItem(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutItem(t.Context(), r); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a second item of the name: %v", err)
	}
	r.Revision, r.Value = first, []byte("2")
	second, err := s.PutItem(t.Context(), r)
	if err != nil || second <= first {
		t.Errorf("revision %d after %d, %v", second, first, err)
	}
	if err := s.DeleteItem(t.Context(), r); !errors.Is(err, store.ErrConflict) {
		t.Errorf("delete of an older revision: %v", err)
	}
	if _, err := s.PutItem(t.Context(), store.Item{Kind: "group", Name: "other", Value: []byte("3")}); err != nil {
		t.Fatal(err)
	}
	all, err := s.Items(t.Context(), "groups")
	if err != nil || len(all) != 1 || all[0].Name != name || string(all[0].Value) != "2" || all[0].Revision != second {
		t.Errorf("%+v, %v", all, err)
	}
	var backup bytes.Buffer
	if err := s.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	if _, err := store.Restore(t.Context(), dir, &backup, ""); err != nil {
		t.Fatal(err)
	}
	restored := open(t, store.Options{Dir: dir})
	if got, err := restored.Item(t.Context(), "groups", name); err != nil || string(got.Value) != "2" {
		t.Errorf("of the backup: %+v, %v", got, err)
	}
	r.Revision = store.AnyRevision
	if err := s.DeleteItem(t.Context(), r); err != nil {
		t.Error(err)
	}
	if err := s.DeleteItem(t.Context(), r); !errors.Is(err, store.ErrNoItem) {
		t.Errorf("delete of none: %v", err)
	}
	if _, err := s.Item(t.Context(), "groups", name); !errors.Is(err, store.ErrNoItem) {
		t.Errorf("read of none: %v", err)
	}
}
