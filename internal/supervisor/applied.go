package supervisor

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"

	"causeway/internal/admin"
)

// keepApplied keeps what is being served, so that the next start can tell that it differs from the files.
func (s *Supervisor) keepApplied(c admin.Config) {
	b, err := json.Marshal(c)
	if err == nil {
		err = replaceFile(filepath.Join(s.o.Data, appliedName), b)
	}
	if err != nil {
		slog.Warn("the applied configuration could not be kept", "error", err)
	}
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// differsFromApplied reports whether the files are not what was last applied.
func (s *Supervisor) differsFromApplied(files admin.Config) bool {
	b, err := os.ReadFile(filepath.Join(s.o.Data, appliedName))
	if err != nil {
		return false
	}
	var last admin.Config
	if json.Unmarshal(b, &last) != nil {
		return false
	}
	return !same(last, files)
}

// same reports whether two configurations have the same text.
func same(a, b admin.Config) bool {
	return bytes.Equal(a.Document, b.Document) && bytes.Equal(a.Parameters, b.Parameters) && bytes.Equal(a.Local, b.Local)
}
