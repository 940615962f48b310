package keep

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
)

// Identity is the key of a node, in a file that only its user may read. While the key is being replaced, the file holds the
// new one and the old one.
type Identity struct {
	path string
	keys []*age.X25519Identity // the first is the node's own
}

// ErrWrongNode is returned for something that is wrapped for other nodes.
var ErrWrongNode = errors.New("it is wrapped for other nodes, not for the key of this one")

// LoadIdentity reads the key of a node, and makes one where there is no file. A damaged file, or one that others may read,
// is an error.
func LoadIdentity(path string) (*Identity, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newIdentity(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of this node: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the key of this node: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the key of this node, %s, has mode %04o: others may read it; set it to 0600", path, info.Mode().Perm())
	}
	parsed, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("the key of this node, %s, is damaged: %w", path, err)
	}
	id := &Identity{path: path}
	for _, k := range parsed {
		x, ok := k.(*age.X25519Identity)
		if !ok {
			return nil, fmt.Errorf("the key of this node, %s, is of a kind that is not used here: write an X25519 key", path)
		}
		id.keys = append(id.keys, x)
	}
	return id, nil
}

func newIdentity(path string) (*Identity, error) {
	k, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make the key of this node: %w", err)
	}
	id := &Identity{path: path, keys: []*age.X25519Identity{k}}
	return id, id.write()
}

// Recipient is the public half of the node's key: age1….
func (id *Identity) Recipient() string { return id.keys[0].Recipient().String() }

// Wrap encrypts a data key, or anything short, for one recipient.
func Wrap(recipient string, secret []byte) ([]byte, error) {
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return nil, fmt.Errorf("the public key %q of a node: %w", recipient, err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, to)
	if err == nil {
		_, err = w.Write(secret)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("wrap for %s: %w", recipient, err)
	}
	return b.Bytes(), nil
}

// Unwrap is the way back on the node. The error is ErrWrongNode where another node's key is needed.
func (id *Identity) Unwrap(wrapped []byte) ([]byte, error) {
	keys := make([]age.Identity, len(id.keys))
	for i, k := range id.keys {
		keys[i] = k
	}
	r, err := age.Decrypt(bytes.NewReader(wrapped), keys...)
	var other *age.NoIdentityMatchError
	if errors.As(err, &other) {
		return nil, ErrWrongNode
	}
	if err == nil {
		var plain []byte
		if plain, err = io.ReadAll(r); err == nil {
			return plain, nil
		}
	}
	return nil, fmt.Errorf("unwrap: %w: %w", ErrDamaged, err)
}

// UnwrapKey is Unwrap for a data key.
func (id *Identity) UnwrapKey(wrapped []byte) (k Key, err error) {
	plain, err := id.Unwrap(wrapped)
	if err != nil {
		return k, err
	}
	if len(plain) != len(k) {
		return k, fmt.Errorf("unwrap a data key: it has %d bytes, not %d: %w", len(plain), len(k), ErrDamaged)
	}
	return Key(plain), nil
}

// Renew makes a new key for the node and keeps the old one beside it, until Retire. A crash in between loses nothing.
func (id *Identity) Renew() error {
	k, err := age.GenerateX25519Identity()
	if err != nil {
		return fmt.Errorf("make a key for this node: %w", err)
	}
	next := &Identity{id.path, append([]*age.X25519Identity{k}, id.keys...)}
	if err := next.write(); err != nil {
		return err
	}
	id.keys = next.keys
	return nil
}

// Retire forgets all keys but the node's own.
func (id *Identity) Retire() error {
	next := &Identity{id.path, id.keys[:1:1]}
	if err := next.write(); err != nil {
		return err
	}
	id.keys = next.keys
	return nil
}

func (id *Identity) write() error {
	var b strings.Builder
	b.WriteString("# The key of this node. Whoever has it and the store can read its secrets.\n")
	for _, k := range id.keys {
		fmt.Fprintf(&b, "# %s\n%s\n", k.Recipient(), k)
	}
	if err := WriteFile(id.path, []byte(b.String())); err != nil {
		return fmt.Errorf("write the key of this node: %w", err)
	}
	return nil
}

// WriteFile replaces a file as a whole, durably, for its user alone: after a crash it has its old text or the new one.
func WriteFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there is none
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
