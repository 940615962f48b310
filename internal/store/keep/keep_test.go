package keep_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"causeway/internal/store/keep"
)

func TestASealedValueOpensInItsPlaceOnly(t *testing.T) {
	id, key := keep.NewKey()
	r, err := newRing(id, map[string]keep.Key{id: key})
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("the password")
	sealed, err := r.Seal("secret/a", secret)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, secret) {
		t.Error("the sealed value shows the secret")
	}
	if got, err := r.Open("secret/a", sealed); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("Open = %q, %v", got, err)
	}
	if _, err := r.Open("secret/b", sealed); !errors.Is(err, keep.ErrDamaged) {
		t.Errorf("in another place: %v", err)
	}
	for i := range sealed {
		torn := bytes.Clone(sealed)
		torn[i] ^= 1
		if _, err := r.Open("secret/a", torn); err == nil {
			t.Errorf("byte %d may change", i)
		}
		if _, err := r.Open("secret/a", sealed[:i]); err == nil {
			t.Errorf("%d bytes are enough", i)
		}
	}
}

func TestAnEarlierKeyStillOpens(t *testing.T) {
	first, a := keep.NewKey()
	second, b := keep.NewKey()
	r, err := newRing(first, map[string]keep.Key{first: a})
	if err != nil {
		t.Fatal(err)
	}
	old, err := r.Seal("p", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Replace(second, map[string]keep.Key{first: a, second: b}); err != nil {
		t.Fatal(err)
	}
	now, err := r.Seal("p", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := keep.SealedWith(now); id != second {
		t.Errorf("the current key is %s, and %s sealed", second, id)
	}
	for _, sealed := range [][]byte{old, now} {
		if got, err := r.Open("p", sealed); err != nil || string(got) != "x" {
			t.Errorf("Open = %q, %v", got, err)
		}
	}
	if err := r.Replace(second, map[string]keep.Key{second: b}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Open("p", old); !errors.Is(err, keep.ErrUnknownKey) {
		t.Errorf("without its key: %v", err)
	}
	if err := r.Replace("none", nil); !errors.Is(err, keep.ErrUnknownKey) {
		t.Errorf("a ring without its current key: %v", err)
	}
}

func TestANodeUnwrapsOnlyWhatIsWrappedForIt(t *testing.T) {
	mine, other := identity(t), identity(t)
	_, key := keep.NewKey()
	wrapped, err := keep.Wrap(mine.Recipient(), key[:])
	if err != nil {
		t.Fatal(err)
	}
	if got, err := mine.UnwrapKey(wrapped); err != nil || got != key {
		t.Errorf("UnwrapKey: %v", err)
	}
	if _, err := other.UnwrapKey(wrapped); !errors.Is(err, keep.ErrWrongNode) {
		t.Errorf("on another node: %v", err)
	}
	if _, err := mine.UnwrapKey(wrapped[:len(wrapped)-1]); !errors.Is(err, keep.ErrDamaged) {
		t.Errorf("torn: %v", err)
	}
	if _, err := keep.Wrap("age1nonsense", key[:]); err == nil {
		t.Error("nonsense is a public key")
	}
}

func TestANodeKeyIsRenewedInSteps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.key")
	id := load(t, path)
	before := id.Recipient()
	old, err := keep.Wrap(before, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if err := id.Renew(); err != nil {
		t.Fatal(err)
	}
	id = load(t, path) // as after a crash
	if id.Recipient() == before {
		t.Error("the key did not change")
	}
	if _, err := id.Unwrap(old); err != nil {
		t.Errorf("between the steps the old key is needed: %v", err)
	}
	if err := id.Retire(); err != nil {
		t.Fatal(err)
	}
	if _, err := load(t, path).Unwrap(old); !errors.Is(err, keep.ErrWrongNode) {
		t.Errorf("a retired key still opens: %v", err)
	}
}

func TestTheFileOfANodeKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.key")
	first := load(t, path)
	if again := load(t, path); again.Recipient() != first.Recipient() {
		t.Error("the key is another one after a restart")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := keep.LoadIdentity(path); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("a key that others may read: %v", err)
	}
	if err := os.WriteFile(path, []byte("AGE-SECRET-KEY-1NONSENSE\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keep.LoadIdentity(path); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged key: %v", err)
	}
}

func identity(t *testing.T) *keep.Identity { return load(t, filepath.Join(t.TempDir(), "node.key")) }

func load(t *testing.T, path string) *keep.Identity {
	t.Helper()
	id, err := keep.LoadIdentity(path)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// newRing holds keys by id; one of them is current.
func newRing(current string, keys map[string]keep.Key) (*keep.Ring, error) {
	r := &keep.Ring{}
	return r, r.Replace(current, keys)
}
