package access

import (
	"context"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// nodeTokenLife is how long the token of a node is valid: one question, and what the clocks of two nodes may differ by.
const nodeTokenLife = 2 * skew

// nodeIssuer is the issuer of every token of a node.
const nodeIssuer = "causeway-node"

// IssueNode makes the token by which one node of a cluster asks another. A key of its own signs it, and signs nothing for clients: no
// client gets such a token, whatever audience it asks for, and a node's token opens nothing that is for clients.
func (c *Control) IssueNode(ctx context.Context, from, to string) (string, error) {
	key, err := c.nodeKeys.get(ctx)
	if err != nil {
		return "", err
	}
	now := time.Now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Issuer:    nodeIssuer,
		Subject:   from,
		Audience:  jwt.ClaimStrings{to},
		IssuedAt:  jwt.NewNumericDate(now),
		NotBefore: jwt.NewNumericDate(now.Add(-skew)),
		ExpiresAt: jwt.NewNumericDate(now.Add(nodeTokenLife)),
	}).SignedString(key)
}

// CheckNode finds the node that asks, by a token for the node that is asked: one for another node is refused, so that an address which
// leads to the wrong node is noticed. The errors are ErrNoToken, ErrBadToken, and those of the store.
func (c *Control) CheckNode(ctx context.Context, token, to string) (from string, err error) {
	if token == "" {
		return "", ErrNoToken
	}
	key, err := c.nodeKeys.get(ctx)
	if err != nil {
		return "", err
	}
	var found jwt.RegisteredClaims
	_, err = jwt.ParseWithClaims(token, &found, func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithIssuer(nodeIssuer),
		jwt.WithAudience(to),
	)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadToken, err)
	}
	return found.Subject, nil
}
