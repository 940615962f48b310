package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"causeway/internal/store"
)

// Credential is an identity of the management API. Its secret is known to whoever created it, and to nobody else.
type Credential struct {
	ID      string    `json:"clientId"` // UUID
	Role    Role      `json:"role"`
	Note    string    `json:"note,omitempty"` // what it is for
	Created time.Time `json:"created"`        // UTC
	Hash    string    `json:"hash,omitempty"` // SHA-256 of the secret, hex; the secret is random and needs no slower hash
}

const credentials = "credentials"

// Create makes a credential and returns its secret, which nothing else keeps.
func Create(ctx context.Context, s Store, role Role, note string) (c Credential, secret string, err error) {
	if rank(role) == 0 {
		return c, "", fmt.Errorf("there is no role %q", role)
	}
	secret = rand.Text() // letters and digits: az takes one that begins with a dash for an option
	c = Credential{ID: uuid.NewString(), Role: role, Note: note, Created: time.Now().UTC().Truncate(time.Second), Hash: hash(secret)}
	text, err := json.Marshal(c)
	if err != nil {
		return c, "", err
	}
	if _, err := s.PutItem(ctx, store.Item{Kind: credentials, Name: c.ID, Value: text}); err != nil {
		return c, "", fmt.Errorf("create a credential: %w", err)
	}
	return c, secret, nil
}

// List are all credentials, the oldest first, without their hashes.
func List(ctx context.Context, s Store) ([]Credential, error) {
	all, err := list(ctx, s)
	for i := range all {
		all[i].Hash = ""
	}
	return all, err
}

func list(ctx context.Context, s Store) ([]Credential, error) {
	items, err := s.Items(ctx, credentials)
	if err != nil {
		return nil, fmt.Errorf("list the credentials: %w", err)
	}
	all := make([]Credential, len(items))
	for i, r := range items {
		if err := json.Unmarshal(r.Value, &all[i]); err != nil {
			return nil, fmt.Errorf("read the credential %s: %w", r.Name, err)
		}
	}
	slices.SortFunc(all, func(a, b Credential) int { return a.Created.Compare(b.Created) })
	return all, nil
}

// ErrUnknown is returned for a credential that does not exist.
var ErrUnknown = errors.New("there is no such credential")

// Revoke removes a credential. Every node refuses its tokens after bookLife.
func Revoke(ctx context.Context, s Store, id string) error {
	err := s.DeleteItem(ctx, store.Item{Kind: credentials, Name: id, Revision: store.AnyRevision})
	if errors.Is(err, store.ErrNoItem) {
		return fmt.Errorf("revoke %q: %w", id, ErrUnknown)
	}
	return err
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// matches takes the same time for every secret, and for a credential that does not exist.
func (c Credential) matches(secret string) bool {
	return subtle.ConstantTimeCompare([]byte(hash(secret)), []byte(c.Hash)) == 1
}

// bookLife is how old the list of credentials may be by which a token is judged.
const bookLife = 5 * time.Second

// book remembers the credentials, so that a request does not read the store.
type book struct {
	store Store

	mu   sync.Mutex
	read time.Time
	all  map[string]Credential
}

// find is the credential of an id; the zero value where there is none.
func (b *book) find(ctx context.Context, id string, now time.Time) (Credential, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c, ok := b.all[id]; ok && now.Sub(b.read) < bookLife {
		return c, nil
	}
	all, err := list(ctx, b.store) // also for an id that is new
	if err != nil {
		return Credential{}, err
	}
	b.read, b.all = now, map[string]Credential{}
	for _, c := range all {
		b.all[c.ID] = c
	}
	return b.all[id], nil
}
