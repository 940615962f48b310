package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"causeway/internal/store/keep"
)

// KeepGood remembers, on this node's disk, a configuration that it serves. It is encrypted with the node's key.
func (s *Store) KeepGood(c Snapshot) error {
	identity, err := s.identity()
	if err != nil {
		return err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	wrapped, err := keep.Wrap(identity.Recipient(), text)
	if err == nil {
		err = keep.WriteFile(filepath.Join(s.o.Dir, goodName), wrapped)
	}
	if err != nil {
		return fmt.Errorf("remember the configuration: %w", err)
	}
	return nil
}

// LastGood is what KeepGood remembered in a directory. It needs no quorum, and no store that opens. The error is ErrEmpty
// where there is nothing.
func LastGood(dir string) (c Snapshot, err error) {
	wrapped, err := os.ReadFile(filepath.Join(dir, goodName))
	if errors.Is(err, fs.ErrNotExist) {
		return c, ErrEmpty
	}
	if err != nil {
		return c, fmt.Errorf("read the last configuration of this node: %w", err)
	}
	identity, err := keep.LoadIdentity(filepath.Join(dir, identityName))
	if err != nil {
		return c, err
	}
	text, err := identity.Unwrap(wrapped)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return c, fmt.Errorf("read the last configuration of this node: %w", err)
	}
	return c, nil
}
