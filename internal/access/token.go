package access

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TokenLife is how long a token is valid. Azure's clients ask for another one five minutes before its end.
const TokenLife = 15 * time.Minute

// Tenant is the name under which clients sign in. The name of AD FS keeps them from asking Microsoft whether it exists.
const Tenant = "adfs"

// Audience is for whom a token is.
type Audience struct {
	Issuer   string // URL of the address at which the client signed in
	Resource string // what the client wants to use, such as https://HOST:PORT/arm
	Tenant   string
}

// claims of a token: those of RFC 7519, and the ones that Azure's clients read.
type claims struct {
	jwt.RegisteredClaims
	Tenant string `json:"tid"`
	Object string `json:"oid"`
	App    string `json:"appid"`
	Role   Role   `json:"role"` // for people who read a token; a request is judged by the credential
}

// Issue makes a token.
func (c *Control) Issue(ctx context.Context, to Caller, a Audience) (string, error) {
	key, err := c.keys.get(ctx)
	if err != nil {
		return "", err
	}
	now := time.Now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    a.Issuer,
			Subject:   to.ID,
			Audience:  jwt.ClaimStrings{a.Resource},
			IssuedAt:  jwt.NewNumericDate(now),
			NotBefore: jwt.NewNumericDate(now.Add(-skew)),
			ExpiresAt: jwt.NewNumericDate(now.Add(TokenLife)),
		},
		Tenant: a.Tenant,
		Object: to.ID,
		App:    to.ID,
		Role:   to.Role,
	}).SignedString(key)
}

// skew is by how much the clocks of two nodes may differ.
const skew = time.Minute

// verify reads a token that one of the nodes has made.
func (c *Control) verify(ctx context.Context, token string, audiences []string, now time.Time) (claims, error) {
	key, err := c.keys.get(ctx)
	if err != nil {
		return claims{}, err
	}
	var found claims
	_, err = jwt.ParseWithClaims(token, &found, func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithAudience(audiences...),
		jwt.WithTimeFunc(func() time.Time { return now }),
	)
	if err != nil {
		return claims{}, fmt.Errorf("%w: %w", ErrBadToken, err)
	}
	return found, nil
}

// keyBytes is the length of a key that signs tokens: that of HMAC-SHA-256's output (RFC 7518, section 3.2).
const keyBytes = 32

// keyTime is how long the store may take to say that a known key is still the one. It is short beside the time in which one node has to
// answer another: both read the key.
const keyTime = 500 * time.Millisecond

// keys remembers a key that signs tokens for bookLife. All nodes share it.
type keys struct {
	store Store
	name  string // of the secret

	mu   sync.Mutex
	read time.Time
	key  []byte
}

func (k *keys) get(ctx context.Context) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key != nil && time.Since(k.read) < bookLife {
		return k.key, nil
	}
	k.read = time.Now()
	if k.key != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, keyTime)
		defer cancel()
	}
	key, err := k.store.Secret(ctx, k.name, func() ([]byte, error) {
		key := make([]byte, keyBytes)
		_, err := rand.Read(key)
		return key, err
	})
	if err != nil && k.key != nil { // a store without a quorum still lets nodes ask each other
		return k.key, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the key that signs tokens: %w", err)
	}
	k.key = key
	return key, nil
}
