package store_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"causeway/internal/store"
)

// Of two writers that read the same record one wins; names may hold anything; a backup has the records.
func TestRecords(t *testing.T) {
	s := open(t, store.Options{Dir: filepath.Join(t.TempDir(), "s")})
	put(t, s, 80, 0)
	const name = "/subscriptions/x/Resource Groups/ü"
	r := store.Record{Kind: "groups", Name: name, Value: []byte("1")}
	first, err := s.PutRecord(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutRecord(t.Context(), r); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a second record of the name: %v", err)
	}
	r.Revision, r.Value = first, []byte("2")
	second, err := s.PutRecord(t.Context(), r)
	if err != nil || second <= first {
		t.Errorf("revision %d after %d, %v", second, first, err)
	}
	if err := s.DeleteRecord(t.Context(), r); !errors.Is(err, store.ErrConflict) {
		t.Errorf("delete of an older revision: %v", err)
	}
	if _, err := s.PutRecord(t.Context(), store.Record{Kind: "group", Name: "other", Value: []byte("3")}); err != nil {
		t.Fatal(err)
	}
	all, err := s.Records(t.Context(), "groups")
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
	if got, err := restored.Record(t.Context(), "groups", name); err != nil || string(got.Value) != "2" {
		t.Errorf("of the backup: %+v, %v", got, err)
	}
	r.Revision = store.AnyRevision
	if err := s.DeleteRecord(t.Context(), r); err != nil {
		t.Error(err)
	}
	if err := s.DeleteRecord(t.Context(), r); !errors.Is(err, store.ErrNoRecord) {
		t.Errorf("delete of none: %v", err)
	}
	if _, err := s.Record(t.Context(), "groups", name); !errors.Is(err, store.ErrNoRecord) {
		t.Errorf("read of none: %v", err)
	}
}
