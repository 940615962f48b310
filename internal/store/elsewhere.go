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

// elsewhere is what a directory knows of the external etcd that its gateway uses: the file external.json. Commands find the
// store by it, since they do not read causeway.yaml.
type elsewhere struct {
	Name     string   `json:"name"` // of this node
	External External `json:"external"`
}

func readElsewhere(dir string) (*elsewhere, error) {
	text, err := os.ReadFile(filepath.Join(dir, externalName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var e elsewhere
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		return nil, fmt.Errorf("read where the store is: %w", err)
	}
	return &e, nil
}

// rememberElsewhere writes where the store is, or forgets an external etcd that the gateway uses no longer.
func (s *Store) rememberElsewhere() error {
	path := filepath.Join(s.o.Dir, externalName)
	if s.o.Mode != ExternalMode || s.member != nil {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	e := elsewhere{Name: s.o.Name, External: s.o.External}
	for _, file := range []*string{&e.External.CA, &e.External.Cert, &e.External.Key} {
		if *file == "" {
			continue
		}
		var err error
		if *file, err = filepath.Abs(*file); err != nil { // a command runs in another folder
			return err
		}
	}
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	return keep.WriteFile(path, append(text, '\n'))
}
