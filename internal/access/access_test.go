package access

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"causeway/internal/store"
)

// shelf is a store in memory.
type shelf struct {
	items   map[string]store.Item
	secrets map[string][]byte
	broken  error
	mute    bool // it gives no secret: there is no quorum
}

func newShelf() *shelf {
	return &shelf{items: map[string]store.Item{}, secrets: map[string][]byte{}}
}

func (s *shelf) Items(_ context.Context, kind string) (out []store.Item, err error) {
	for _, r := range s.items {
		if r.Kind == kind {
			out = append(out, r)
		}
	}
	return out, s.broken
}

func (s *shelf) PutItem(_ context.Context, r store.Item) (int64, error) {
	s.items[r.Name] = r
	return 1, s.broken
}

func (s *shelf) DeleteItem(_ context.Context, r store.Item) error {
	if _, ok := s.items[r.Name]; !ok {
		return store.ErrNoItem
	}
	delete(s.items, r.Name)
	return s.broken
}

func (s *shelf) Secret(ctx context.Context, name string, make func() ([]byte, error)) (_ []byte, err error) {
	if s.mute {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if s.secrets[name] == nil {
		s.secrets[name], err = make()
	}
	return s.secrets[name], err
}

var (
	here     = netip.MustParseAddr("127.0.0.1")
	audience = Audience{Issuer: "https://127.0.0.1:8443/adfs", Resource: "https://127.0.0.1:8443/arm", Tenant: "adfs"}
	arm      = []string{"https://127.0.0.1:8443/arm"}
)

func create(t *testing.T, s Store, role Role) (Credential, string) {
	t.Helper()
	c, secret, err := Create(t.Context(), s, role, "")
	if err != nil {
		t.Fatal(err)
	}
	return c, secret
}

func TestACredentialGetsATokenForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		made, secret := create(t, s, Operator)
		if strings.Contains(string(s.items[made.ID].Value), secret) {
			t.Error("the store holds the secret")
		}
		c := NewControl(s)
		token, err := c.SignIn(t.Context(), here, made.ID, secret, audience)
		if err != nil {
			t.Fatal(err)
		}
		if who, err := c.Check(t.Context(), token, arm); err != nil || who != (Caller{made.ID, Operator}) {
			t.Errorf("%+v, %v", who, err)
		}
		if _, err := NewControl(s).Check(t.Context(), token, arm); err != nil {
			t.Errorf("another node: %v", err)
		}
		time.Sleep(TokenLife + time.Second)
		if _, err := c.Check(t.Context(), token, arm); !errors.Is(err, ErrBadToken) {
			t.Errorf("after its time: %v", err)
		}
	})
}

func TestARevokedCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		made, secret := create(t, s, Reader)
		c := NewControl(s)
		token, err := c.SignIn(t.Context(), here, made.ID, secret, audience)
		if err != nil {
			t.Fatal(err)
		}
		if err := Revoke(t.Context(), s, made.ID); err != nil {
			t.Fatal(err)
		}
		if err := Revoke(t.Context(), s, made.ID); !errors.Is(err, ErrUnknown) {
			t.Errorf("again: %v", err)
		}
		time.Sleep(bookLife)
		if _, err := c.Check(t.Context(), token, arm); !errors.Is(err, ErrRevoked) {
			t.Errorf("its token: %v", err)
		}
		if _, err := c.SignIn(t.Context(), here, made.ID, secret, audience); !errors.Is(err, ErrRefused) {
			t.Errorf("its secret: %v", err)
		}
	})
}

// When the key that signs tokens is dropped, as after somebody may have seen it, tokens end with it on every node.
func TestADroppedKeyEndsItsTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		made, secret := create(t, s, Reader)
		c := NewControl(s)
		token, err := c.SignIn(t.Context(), here, made.ID, secret, audience)
		if err != nil {
			t.Fatal(err)
		}
		clear(s.secrets)
		time.Sleep(bookLife)
		if _, err := c.Check(t.Context(), token, arm); err == nil {
			t.Error("a token of the dropped key is taken")
		}
		if _, err := c.SignIn(t.Context(), here, made.ID, secret, audience); err != nil {
			t.Errorf("signing in anew: %v", err)
		}
	})
}

func TestTokensThatAreRefused(t *testing.T) {
	s := newShelf()
	made, _ := create(t, s, Owner)
	c := NewControl(s)
	good, err := c.Issue(t.Context(), Caller{made.ID, Owner}, audience)
	if err != nil {
		t.Fatal(err)
	}
	graph := audience
	graph.Resource = "https://127.0.0.1:8443/graph"
	other, err := c.Issue(t.Context(), Caller{made.ID, Owner}, graph)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := NewControl(newShelf()).Issue(t.Context(), Caller{made.ID, Owner}, audience)
	if err != nil {
		t.Fatal(err)
	}
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
		"sub": made.ID, "aud": arm[0], "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(good, ".")
	body, sum, _ := strings.Cut(rest, ".")
	for name, token := range map[string]string{
		"another audience":       other,
		"another gateway's":      foreign,
		"unsigned":               unsigned,
		"without its signature":  head + "." + body + ".",
		"with another signature": head + "." + body + "." + strings.ToUpper(sum),
		"no token":               "x",
	} {
		if _, err := c.Check(t.Context(), token, arm); !errors.Is(err, ErrBadToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.Check(t.Context(), "", arm); !errors.Is(err, ErrNoToken) {
		t.Errorf("none: %v", err)
	}
}

// Whoever guesses is refused after ten attempts, for a minute; others are not.
func TestGuessing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		made, secret := create(t, s, Owner)
		c := NewControl(s)
		guess := func(from, secret string) error {
			_, err := c.SignIn(t.Context(), netip.MustParseAddr(from), made.ID, secret, audience)
			return err
		}
		for i := range attemptsMax {
			from := "2001:db8::1"
			if i%2 == 1 {
				from = "2001:db8::2" // of the same network
			}
			if err := guess(from, "guess"); !errors.Is(err, ErrRefused) {
				t.Fatalf("attempt %d: %v", i, err)
			}
		}
		if err := guess("2001:db8::3", secret); !errors.Is(err, ErrTooMany) {
			t.Errorf("the next one: %v", err)
		}
		if err := guess("192.0.2.1", secret); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		time.Sleep(attemptsWithin)
		if err := guess("2001:db8::3", secret); err != nil {
			t.Errorf("a minute later: %v", err)
		}
	})
}

func TestTheMemoryOfAttemptsIsBounded(t *testing.T) {
	a := newAttempts()
	now := time.Now()
	for i := range 3 * addressesMax {
		a.failed(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	if len(a.counts) > addressesMax {
		t.Errorf("%d addresses are remembered", len(a.counts))
	}
}

func TestRoles(t *testing.T) {
	for i, r := range Roles() {
		for k, needed := range Roles() {
			if got := r.Covers(needed); got != (i >= k) {
				t.Errorf("%s covers %s: %v", r, needed, got)
			}
		}
	}
	if Role("root").Covers(Reader) || Role("").Covers(Reader) {
		t.Error("what is no role covers one")
	}
	if _, _, err := Create(t.Context(), newShelf(), "root", ""); err == nil {
		t.Error("a credential of an unknown role was made")
	}
}

// A secret is an argument of az login -p, where one that begins with a dash would be an option.
func TestSecretsAreLettersAndDigits(t *testing.T) {
	s := newShelf()
	for range 100 {
		_, secret := create(t, s, Reader)
		if len(secret) < 26 || strings.Trim(secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			t.Fatalf("%q", secret)
		}
	}
}
