// Package keep encrypts secrets at rest. A data key of the cluster encrypts them; each node's own key unwraps that data key.
package keep

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Ring holds the data keys of a cluster. One is current and seals; the others open what an earlier one sealed. Its methods
// may run at the same time.
type Ring struct {
	mu      sync.RWMutex
	current string
	keys    map[string]Key
}

// Key is a data key: AES-256 in Galois/Counter Mode.
type Key [32]byte

// MarshalText writes the key in base64.
func (k Key) MarshalText() ([]byte, error) {
	return []byte(base64.StdEncoding.EncodeToString(k[:])), nil
}

// UnmarshalText is the way back.
func (k *Key) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || len(raw) != len(k) {
		return fmt.Errorf("a data key has %d bytes in base64", len(k))
	}
	*k = Key(raw)
	return nil
}

// Sizes of the parts of a sealed value: form | key id | nonce | ciphertext and tag.
const (
	sealedForm = 1
	idSize     = 8
	nonceSize  = 12
	headSize   = 1 + idSize + nonceSize
)

var (
	// ErrUnknownKey is returned for a value that a key seals which the ring does not hold.
	ErrUnknownKey = errors.New("the value is sealed with a data key that this node does not have")
	// ErrDamaged is returned for a value that is not what was sealed, or not in the place for which it was sealed.
	ErrDamaged = errors.New("the sealed value is damaged, or in a place that is not its own")
)

// NewKey makes a data key and its id.
func NewKey() (id string, key Key) {
	raw := make([]byte, idSize)
	rand.Read(raw)
	rand.Read(key[:])
	return hex.EncodeToString(raw), key
}

// Replace gives the ring other keys.
func (r *Ring) Replace(current string, keys map[string]Key) error {
	if _, ok := keys[current]; !ok {
		return fmt.Errorf("data key %q: %w", current, ErrUnknownKey)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current, r.keys = current, maps.Clone(keys)
	return nil
}

// Current is the id of the key that seals.
func (r *Ring) Current() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.current
}

// Keys are all keys by id, a copy.
func (r *Ring) Keys() map[string]Key {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return maps.Clone(r.keys)
}

// Seal encrypts a value for one place: it opens nowhere else.
func (r *Ring) Seal(place string, value []byte) ([]byte, error) {
	r.mu.RLock()
	id, key := r.current, r.keys[r.current]
	r.mu.RUnlock()
	aead, err := key.aead()
	if err != nil {
		return nil, err
	}
	rawID, err := hex.DecodeString(id)
	if err != nil || len(rawID) != idSize {
		return nil, fmt.Errorf("the id of the data key is not %d bytes of hexadecimal: %q", idSize, id)
	}
	head := make([]byte, headSize, headSize+len(value)+aead.Overhead())
	head[0] = sealedForm
	copy(head[1:], rawID)
	nonce := head[1+idSize:]
	rand.Read(nonce)
	return aead.Seal(head, nonce, value, additional(head, place)), nil
}

// Open decrypts a value of a place. The error is ErrUnknownKey or ErrDamaged.
func (r *Ring) Open(place string, sealed []byte) ([]byte, error) {
	id, ok := SealedWith(sealed)
	if !ok {
		return nil, fmt.Errorf("%s: %w", place, ErrDamaged)
	}
	r.mu.RLock()
	key, ok := r.keys[id]
	r.mu.RUnlock()
	if !ok {
		return nil, fmt.Errorf("%s, data key %s: %w", place, id, ErrUnknownKey)
	}
	aead, err := key.aead()
	if err != nil {
		return nil, err
	}
	value, err := aead.Open(nil, sealed[1+idSize:headSize], sealed[headSize:], additional(sealed[:headSize], place))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, ErrDamaged)
	}
	return value, nil
}

// SealedWith is the id of the key that sealed a value.
func SealedWith(sealed []byte) (id string, ok bool) {
	if len(sealed) < headSize || sealed[0] != sealedForm {
		return "", false
	}
	return hex.EncodeToString(sealed[1 : 1+idSize]), true
}

// Same reports whether two rings hold the same keys.
func (r *Ring) Same(current string, keys map[string]Key) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.current == current && maps.Equal(r.keys, keys)
}

// IDs are the ids of all keys, in order.
func (r *Ring) IDs() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.keys))
}

func (k Key) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// additional binds a value to its form, its key and its place.
func additional(head []byte, place string) []byte {
	return append(bytes.Clone(head[:1+idSize]), place...)
}
