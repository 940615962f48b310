package cluster

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Token invites one node to join. It names whom to ask, by which certificate to know that one, and the secret that opens.
type Token struct {
	Address     string   // HOST:PORT of a member
	Fingerprint [32]byte // SHA-256 of the certificate of the cluster's authority
	Secret      [16]byte
}

const tokenForm = "cwj1."

// NewToken makes a token; authority is the certificate of the cluster's authority in PEM.
func NewToken(address string, authority []byte) (Token, error) {
	t := Token{Address: address}
	block, _ := pem.Decode(authority)
	if block == nil {
		return t, errors.New("the certificate of the cluster's authority is not in PEM")
	}
	t.Fingerprint = sha256.Sum256(block.Bytes)
	rand.Read(t.Secret[:])
	return t, nil
}

// String is the token as people copy it.
func (t Token) String() string {
	raw := append(append(t.Fingerprint[:], t.Secret[:]...), t.Address...)
	return tokenForm + base64.RawURLEncoding.EncodeToString(append(raw, checksum(raw)...))
}

// checksumBytes at the end tell a token that lost or changed a character on the way.
const checksumBytes = 4

func checksum(raw []byte) []byte {
	sum := sha256.Sum256(raw)
	return sum[:checksumBytes]
}

// ParseToken is the way back.
func ParseToken(text string) (t Token, err error) {
	encoded, ok := strings.CutPrefix(strings.TrimSpace(text), tokenForm)
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if !ok || err != nil || len(raw) <= len(t.Fingerprint)+len(t.Secret)+checksumBytes {
		return t, fmt.Errorf("this is no token: one begins with %s and was copied whole", tokenForm)
	}
	raw, sum := raw[:len(raw)-checksumBytes], raw[len(raw)-checksumBytes:]
	if !bytes.Equal(checksum(raw), sum) {
		return t, errors.New("the token is damaged: copy it again, whole")
	}
	n := copy(t.Fingerprint[:], raw)
	n += copy(t.Secret[:], raw[n:])
	t.Address = string(raw[n:])
	if _, _, err := net.SplitHostPort(t.Address); err != nil {
		return t, fmt.Errorf("the token names no member: %w", err)
	}
	return t, nil
}

// Hash is what the store keeps of a token's secret.
func Hash(secret [16]byte) string {
	sum := sha256.Sum256(secret[:])
	return hex.EncodeToString(sum[:])
}
