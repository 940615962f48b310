// Package archive is the form of a backup: JSON, a line each. The first line says what it is, then every key follows with its
// value, and the last line is the checksum of all before. It may be encrypted with age as a whole.
package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"filippo.io/age"

	"causeway/internal/store/keep"
)

// Head is the first line.
type Head struct {
	Form     string              `json:"form"`     // set by Write
	Schema   int                 `json:"schema"`   // version of the keys
	Revision int64               `json:"revision"` // of the configuration
	When     time.Time           `json:"when"`
	Node     string              `json:"node"`     // that wrote it
	Keys     int                 `json:"keys"`     // set by Write
	Current  string              `json:"current"`  // the data key that seals
	DataKeys map[string]keep.Key `json:"dataKeys"` // all of them, plain
}

// Key is a key of the store with its value.
type Key struct {
	Key   string `json:"k"`
	Value []byte `json:"v"`
}

type end struct {
	SHA256 string `json:"sha256"` // of all lines before, in hexadecimal
}

const form = "causeway backup 1"

// ErrDamaged is returned for what is no whole backup.
var ErrDamaged = errors.New("this is no whole backup")

// Write writes a backup. With recipients (age1…) it is encrypted for them.
func Write(w io.Writer, head Head, keys []Key, recipients []string) error {
	to, err := parseRecipients(recipients)
	if err != nil {
		return err
	}
	head.Form, head.Keys = form, len(keys)
	if len(to) == 0 {
		return writePlain(w, head, keys)
	}
	sealed, err := age.Encrypt(w, to...)
	if err != nil {
		return fmt.Errorf("encrypt the backup: %w", err)
	}
	return errors.Join(writePlain(sealed, head, keys), sealed.Close())
}

func writePlain(w io.Writer, head Head, keys []Key) error {
	buffered := bufio.NewWriter(w)
	sum := sha256.New()
	enc := json.NewEncoder(io.MultiWriter(buffered, sum))
	err := enc.Encode(head)
	for i := 0; err == nil && i < len(keys); i++ {
		err = enc.Encode(keys[i])
	}
	if err == nil {
		err = json.NewEncoder(buffered).Encode(end{hex.EncodeToString(sum.Sum(nil))})
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}

func parseRecipients(texts []string) ([]age.Recipient, error) {
	var out []age.Recipient
	for _, text := range texts {
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, fmt.Errorf("the recipient %q of the backup: %w", text, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// Read reads a backup to its end and verifies it before it returns anything. Identities is the text of a file with the age
// identities that open an encrypted backup; empty for a plain one. The error is ErrDamaged where the backup is not whole.
func Read(r io.Reader, identities string) (head Head, keys []Key, err error) {
	text, err := plain(r, identities)
	if err != nil {
		return head, nil, err
	}
	body, last := cutLast(text)
	var e end
	sum := sha256.Sum256(body)
	if json.Unmarshal(last, &e) != nil || e.SHA256 == "" {
		return head, nil, fmt.Errorf("%w: its end is missing, so it was cut off", ErrDamaged)
	}
	if e.SHA256 != hex.EncodeToString(sum[:]) {
		return head, nil, fmt.Errorf("%w: its checksum is wrong", ErrDamaged)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&head); err != nil || head.Form != form {
		return head, nil, fmt.Errorf("%w: it does not begin with the form %q", ErrDamaged, form)
	}
	for dec.More() {
		var k Key
		if err := dec.Decode(&k); err != nil {
			return head, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		keys = append(keys, k)
	}
	if len(keys) != head.Keys {
		return head, nil, fmt.Errorf("%w: it has %d keys, not %d", ErrDamaged, len(keys), head.Keys)
	}
	return head, keys, nil
}

const ageIntro = "age-encryption.org/"

// plain is the text of a backup, decrypted where it is not plain.
func plain(r io.Reader, identities string) ([]byte, error) {
	buffered := bufio.NewReader(r)
	if intro, _ := buffered.Peek(len(ageIntro)); string(intro) != ageIntro { // one that is too short fails later
		return readAll(buffered)
	}
	if identities == "" {
		return nil, fmt.Errorf("%w: it is encrypted, and no identity was given", ErrDamaged)
	}
	ids, err := age.ParseIdentities(strings.NewReader(identities))
	if err != nil {
		return nil, fmt.Errorf("read the identity for the backup: %w", err)
	}
	opened, err := age.Decrypt(buffered, ids...)
	if err != nil {
		return nil, fmt.Errorf("decrypt the backup: %w", err)
	}
	return readAll(opened)
}

func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return text, nil
}

// cutLast cuts the last line off.
func cutLast(text []byte) (body, last []byte) {
	text = bytes.TrimSuffix(text, []byte("\n"))
	at := bytes.LastIndexByte(text, '\n') + 1
	return text[:at], text[at:]
}
