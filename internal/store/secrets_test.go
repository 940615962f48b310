package store_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store"
	"causeway/internal/store/keep"
)

// shown is everything that somebody sees who may read etcd, or its files.
func shown(t *testing.T, s *store.Store) string {
	t.Helper()
	resp, err := s.Client().Get(t.Context(), "", clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, kv := range resp.Kvs {
		b.Write(kv.Key)
		b.Write(kv.Value)
	}
	return b.String()
}

func TestSecretsAreEncryptedAtRest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	s := open(t, store.Options{Dir: dir})
	c := store.Snapshot{Document: gateway(t, 80), Shared: []byte("password: swordfish")}
	if _, err := s.Put(t.Context(), c, 0); err != nil {
		t.Fatal(err)
	}
	put(t, s, 81, 1)
	if _, err := s.Secret(t.Context(), "cookies", func() ([]byte, error) { return []byte("cookiekey"), nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.KeepGood(config(t, s)); err != nil {
		t.Fatal(err)
	}
	all := shown(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all += string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(all, "frontendPorts") {
		t.Fatal("the test does not see what is plain")
	}
	for _, secret := range []string{"hunter2", "UEZYREFUQQ", "swordfish", "cookiekey"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s lies open", secret)
		}
	}
}

func TestWithoutTheNodeKeyTheStoreStaysShut(t *testing.T) {
	o := store.Options{Dir: filepath.Join(t.TempDir(), "s")}
	s := open(t, o)
	put(t, s, 80, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(o.Dir, "node.key")); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), o)
	if !errors.Is(err, store.ErrNoKey) || !strings.Contains(err.Error(), "node.key; bring the right file back") {
		t.Errorf("Open: %v", err)
	}
}

func TestRotation(t *testing.T) {
	o := store.Options{Dir: filepath.Join(t.TempDir(), "s")}
	s := open(t, o)
	for n := range int64(4) {
		d := bytes.ReplaceAll(gateway(t, 80), []byte("hunter2"), []byte{'a' + byte(n)})
		if _, err := s.Put(t.Context(), store.Snapshot{Document: d}, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetSecret(t.Context(), "cookies", []byte("cookiekey")); err != nil {
		t.Fatal(err)
	}
	fresh := func(value string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(value), nil } }
	if v, err := s.Secret(t.Context(), store.Passing+"tokens", fresh("first")); err != nil || string(v) != "first" {
		t.Fatalf("Secret = %q, %v", v, err)
	}
	before, oldest := config(t, s), at(t, s, 1)
	keysBefore := dataKeys(t, s)
	if err := s.RotateDataKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.RotateNodeKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Secret(t.Context(), store.Passing+"tokens", fresh("second")); err != nil || string(v) != "second" {
		t.Errorf("a passing secret outlives the data key: %q, %v", v, err)
	}
	if after := dataKeys(t, s); len(after) != 1 || after[0] == keysBefore[0] {
		t.Errorf("data keys before %v, after %v", keysBefore, after)
	}
	for range 2 {
		if diff := cmp.Diff(before, config(t, s)); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(oldest, at(t, s, 1)); diff != "" {
			t.Errorf("history (-before +after):\n%s", diff)
		}
		if v, err := s.Secret(t.Context(), "cookies", nil); err != nil || string(v) != "cookiekey" {
			t.Errorf("Secret = %q, %v", v, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, o)
	}
}

func at(t *testing.T, s *store.Store, revision int64) store.Snapshot {
	t.Helper()
	c, err := s.At(t.Context(), revision)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func dataKeys(t *testing.T, s *store.Store) (out []string) {
	t.Helper()
	resp, err := s.Client().Get(t.Context(), "/causeway/v1/keys/data/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range resp.Kvs {
		out = append(out, string(kv.Key))
	}
	return out
}

// Writers go on while the data key changes, and nothing is sealed with a key that is gone.
func TestRotationUnderWriters(t *testing.T) {
	s := openSingle(t)
	put(t, s, 80, 0)
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		last := int64(1)
		defer func() { done <- last }()
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			d := bytes.ReplaceAll(gateway(t, 80), []byte("hunter2"), []byte{'a' + byte(n%26)})
			var err error
			if last, err = s.Put(t.Context(), store.Snapshot{Document: d}, last); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for range 5 {
		if err := s.RotateDataKey(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	last := <-done
	for n := max(1, last-99); n <= last; n++ {
		at(t, s, n)
	}
	t.Logf("%d writes during five rotations", last-1)
}

func TestASecretIsMadeOnce(t *testing.T) {
	s := openSingle(t)
	results := make(chan string, 8)
	for n := range 8 {
		go func() {
			v, err := s.Secret(t.Context(), "cookies", func() ([]byte, error) { return []byte{byte(n)}, nil })
			if err != nil {
				t.Error(err)
			}
			results <- string(v)
		}()
	}
	first := <-results
	for range 7 {
		if v := <-results; v != first {
			t.Errorf("two secrets: %q, %q", first, v)
		}
	}
}

func TestTheLastGoodConfiguration(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	if _, err := store.LastGood(dir); !errors.Is(err, store.ErrEmpty) {
		t.Errorf("LastGood of nothing: %v", err)
	}
	s := open(t, store.Options{Dir: dir})
	put(t, s, 80, 0)
	want := config(t, s)
	if err := s.KeepGood(want); err != nil {
		t.Fatal(err)
	}
	if got, err := store.LastGood(dir); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("LastGood: %v %s", err, cmp.Diff(want, got))
	}
}

// backedUp is a store with some history, and its backup.
func backedUp(t *testing.T, recipients ...string) (store.Snapshot, []byte) {
	t.Helper()
	s := openSingle(t)
	put(t, s, 80, 0)
	put(t, s, 81, 1)
	if err := s.SetSecret(t.Context(), "cookies", []byte("cookiekey")); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := s.Backup(t.Context(), &b, recipients...); err != nil {
		t.Fatal(err)
	}
	return config(t, s), b.Bytes()
}

func TestABackupIsRestoredElsewhere(t *testing.T) {
	want, backup := backedUp(t)
	dir := filepath.Join(t.TempDir(), "s")
	n, err := store.Restore(t.Context(), dir, bytes.NewReader(backup), "")
	if err != nil || n != 1002 {
		t.Fatalf("Restore = %d, %v", n, err)
	}
	s := open(t, store.Options{Dir: dir})
	got := config(t, s)
	if got.Revision != 1002 || !strings.Contains(got.Note, "revision 2") || !bytes.Equal(got.Document, want.Document) {
		t.Errorf("restored: revision %d, %q", got.Revision, got.Note)
	}
	if c := at(t, s, 1); !bytes.Equal(c.Document, gateway(t, 80)) {
		t.Error("the history is another")
	}
	if v, err := s.Secret(t.Context(), "cookies", nil); err != nil || string(v) != "cookiekey" {
		t.Errorf("Secret = %q, %v", v, err)
	}
	put(t, s, 82, 1002)
	if c := at(t, s, 2); !bytes.Equal(c.Document, want.Document) {
		t.Error("a write after the restore took the history away")
	}
	if _, err := store.Restore(t.Context(), dir, bytes.NewReader(backup), ""); !errors.Is(err, store.ErrInUse) {
		t.Errorf("over a store in use: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), dir, bytes.NewReader(backup), ""); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("over a store: %v", err)
	}
}

func TestADamagedBackupIsRefused(t *testing.T) {
	_, backup := backedUp(t)
	newer := bytes.Replace(backup, []byte(`"schema":1`), []byte(`"schema":2`), 1)
	for name, test := range map[string]struct {
		backup []byte
		want   string
	}{
		"empty":    {nil, "cut off"},
		"cut off":  {backup[:len(backup)/2], "cut off"},
		"one byte": {bytes.Replace(backup, []byte("c"), []byte("d"), 1), "checksum is wrong"},
		"no end":   {backup[:bytes.LastIndex(backup, []byte(`{"sha256"`))], "cut off"},
		"newer":    {newer, "checksum is wrong"},
		"other":    {[]byte("PK\x03\x04 something else\n"), "cut off"},
	} {
		dir := filepath.Join(t.TempDir(), "s")
		_, err := store.Restore(t.Context(), dir, bytes.NewReader(test.backup), "")
		if !errors.Is(err, store.ErrBackup) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: something was written", name)
		}
	}
	if _, err := store.Restore(t.Context(), filepath.Join(t.TempDir(), "s"), failing{bytes.NewReader(backup[:100])}, ""); err == nil {
		t.Error("a disk that fails")
	}
}

type failing struct{ io.Reader }

func (f failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err == io.EOF {
		err = errors.New("the disk failed")
	}
	return n, err
}

func TestAnEncryptedBackup(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	want, backup := backedUp(t, id.Recipient().String())
	if bytes.Contains(backup, []byte("frontendPorts")) {
		t.Error("the backup is plain")
	}
	dir := filepath.Join(t.TempDir(), "s")
	if _, err := store.Restore(t.Context(), dir, bytes.NewReader(backup), ""); !errors.Is(err, store.ErrBackup) {
		t.Errorf("without an identity: %v", err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), dir, bytes.NewReader(backup), other.String()); err == nil {
		t.Error("any identity opens it")
	}
	if _, err := store.Restore(t.Context(), dir, bytes.NewReader(backup), id.String()); err != nil {
		t.Fatal(err)
	}
	if got := config(t, open(t, store.Options{Dir: dir})); !bytes.Equal(got.Document, want.Document) {
		t.Error("the document is another")
	}
}

// recipientOf is the public key of a node.
func recipientOf(t *testing.T, dir string) string {
	t.Helper()
	id, err := keep.LoadIdentity(filepath.Join(dir, "node.key"))
	if err != nil {
		t.Fatal(err)
	}
	return id.Recipient()
}
