// Package upload keeps evidence that somebody has given for one diagnosis: in a folder of its own, within bounds, until it expires.
package upload

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Bounds of what is kept.
const (
	Life     = 30 * time.Minute // of evidence, from its beginning
	Most     = 8                // at once
	MaxFiles = 200              // of one
	MaxBytes = 256 << 20        // of the files of one together
)

// Errors.
var (
	ErrNone = errors.New("there is no such evidence: it was deleted, or its 30 minutes are over; give it again")
	ErrMany = fmt.Errorf("there is evidence of %d others already: delete one, or wait until one expires", Most)
	ErrFull = fmt.Errorf("the evidence has more than %d MiB, or more than %d files", MaxBytes>>20, MaxFiles)
	ErrName = errors.New("this is no name of a file: give one without a folder, of at most 200 bytes")
)

// Evidence is what was given.
type Evidence struct {
	ID      string    `json:"id"`
	Expires time.Time `json:"expires"`
	Files   []File    `json:"files"`
}

// File is one of its files.
type File struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes
}

// Uploads are all that is kept.
type Uploads struct {
	dir string
	mu  sync.Mutex
	all map[string]*kept
}

type kept struct {
	Evidence
	taken int64 // bytes of its files, and of those that are on their way
	timer *time.Timer
}

// Open keeps evidence in a folder, which it empties: what an earlier process left there has nobody who would delete it.
func Open(dir string) (*Uploads, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("delete the evidence that was left: %w", err)
	}
	return &Uploads{dir: dir, all: map[string]*kept{}}, nil
}

// New begins evidence without files.
func (u *Uploads) New() (Evidence, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.all) >= Most {
		return Evidence{}, ErrMany
	}
	k := &kept{Evidence: Evidence{ID: strings.ToLower(rand.Text()), Expires: time.Now().Add(Life).UTC(), Files: []File{}}}
	if err := os.MkdirAll(u.folder(k.ID), 0o700); err != nil {
		return Evidence{}, fmt.Errorf("make a folder for the evidence: %w", err)
	}
	k.timer = time.AfterFunc(Life, func() { _ = u.Remove(k.ID) })
	u.all[k.ID] = k
	return k.Evidence, nil
}

// Add writes a file, in place of one of the same name. An error leaves no part of it.
func (u *Uploads) Add(id, name string, content io.Reader) (Evidence, error) {
	if !isName(name) {
		return Evidence{}, ErrName
	}
	dir, err := u.Folder(id)
	if err != nil {
		return Evidence{}, err
	}
	part, err := os.CreateTemp(u.dir, "part-*") // beside the folders, so that no diagnosis reads it
	if err != nil {
		return Evidence{}, fmt.Errorf("keep %s: %w", name, err)
	}
	defer os.Remove(part.Name())
	m := &metered{from: content, take: func(n int) error { return u.take(id, int64(n)) }}
	size, err := io.Copy(part, m)
	if closed := part.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = u.take(id, -m.taken)
		return Evidence{}, fmt.Errorf("keep %s: %w", name, err)
	}
	return u.settle(id, File{name, size}, part.Name(), filepath.Join(dir, name))
}

// settle puts a file that is there as a whole in its place.
func (u *Uploads) settle(id string, f File, from, to string) (Evidence, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	k := u.all[id]
	if k == nil {
		return Evidence{}, ErrNone
	}
	others := make([]File, 0, len(k.Files)+1)
	before := int64(0)
	for _, old := range k.Files {
		if old.Name == f.Name {
			before = old.Size
			continue
		}
		others = append(others, old)
	}
	if len(others) >= MaxFiles {
		k.taken -= f.Size
		return Evidence{}, ErrFull
	}
	if err := os.Rename(from, to); err != nil {
		k.taken -= f.Size
		return Evidence{}, fmt.Errorf("keep %s: %w", f.Name, err)
	}
	k.Files, k.taken = append(others, f), k.taken-before
	return k.Evidence, nil
}

// take counts bytes that come; negative: that are gone again.
func (u *Uploads) take(id string, n int64) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	k := u.all[id]
	switch {
	case k == nil:
		return ErrNone
	case n > 0 && k.taken+n > MaxBytes:
		return ErrFull
	}
	k.taken += n
	return nil
}

// Find returns evidence by its id.
func (u *Uploads) Find(id string) (Evidence, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if k := u.all[id]; k != nil {
		return k.Evidence, nil
	}
	return Evidence{}, ErrNone
}

// Folder is where the files of evidence are.
func (u *Uploads) Folder(id string) (string, error) {
	if _, err := u.Find(id); err != nil {
		return "", err
	}
	return u.folder(id), nil
}

// Remove deletes evidence.
func (u *Uploads) Remove(id string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	k := u.all[id]
	if k == nil {
		return ErrNone
	}
	k.timer.Stop()
	delete(u.all, id)
	return os.RemoveAll(u.folder(id))
}

// Close deletes all of it.
func (u *Uploads) Close() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, k := range u.all {
		k.timer.Stop()
	}
	clear(u.all)
	return os.RemoveAll(u.dir)
}

func (u *Uploads) folder(id string) string { return filepath.Join(u.dir, id) }

// isName reports whether a name is that of one file, and does not hide it.
func isName(name string) bool {
	odd := func(r rune) bool { return r == '\\' || !unicode.IsPrint(r) }
	return name != "" && len(name) <= 200 && name[0] != '.' && filepath.Base(name) == name && !strings.ContainsFunc(name, odd)
}

// metered asks for room before it hands on what it has read.
type metered struct {
	from  io.Reader
	take  func(n int) error
	taken int64
}

// Read implements io.Reader.
func (m *metered) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	if full := m.take(n); full != nil {
		return 0, full
	}
	m.taken += int64(n)
	return n, err
}
