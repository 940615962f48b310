package upload_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/upload"
)

func open(t *testing.T) (*upload.Uploads, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "uploads")
	u, err := upload.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.Close() })
	return u, dir
}

// Evidence has its files for 30 minutes; then they are gone, and its id leads nowhere.
func TestEvidenceExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, dir := open(t)
		e, err := u.New()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"first, longer", "second"} {
			if e, err = u.Add(e.ID, "access.json", strings.NewReader(text)); err != nil {
				t.Fatal(err)
			}
		}
		if len(e.Files) != 1 || e.Files[0] != (upload.File{Name: "access.json", Size: 6}) {
			t.Errorf("%+v", e)
		}
		folder, err := u.Folder(e.ID)
		if b, read := os.ReadFile(filepath.Join(folder, "access.json")); err != nil || read != nil || string(b) != "second" {
			t.Errorf("%q, %v, %v", b, err, read)
		}
		time.Sleep(upload.Life - time.Second)
		if _, err := u.Find(e.ID); err != nil {
			t.Errorf("a second before its end: %v", err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if _, err := u.Add(e.ID, "late.json", strings.NewReader("x")); !errors.Is(err, upload.ErrNone) {
			t.Errorf("%v", err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// What does not belong into the folder of the evidence, or does not fit, leaves nothing there.
func TestBounds(t *testing.T) {
	u, dir := open(t)
	e, err := u.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", "../x", "a/b", `a\b`, ".hidden", "line\nbreak", strings.Repeat("x", 201)} {
		if _, err := u.Add(e.ID, name, strings.NewReader("x")); !errors.Is(err, upload.ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := u.Add(e.ID, "large.log", io.LimitReader(zeros{}, upload.MaxBytes+1)); !errors.Is(err, upload.ErrFull) {
		t.Errorf("%v", err)
	}
	if _, err := u.Add(e.ID, "fits.log", io.LimitReader(zeros{}, 1<<20)); err != nil {
		t.Errorf("after one that did not fit: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "part-*")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	for range upload.Most - 1 {
		if _, err := u.New(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := u.New(); !errors.Is(err, upload.ErrMany) {
		t.Errorf("%v", err)
	}
	if err := u.Remove(e.ID); err != nil {
		t.Error(err)
	}
	if _, err := u.New(); err != nil {
		t.Errorf("after one was deleted: %v", err)
	}
}

// What a process left, which has nobody who would delete it, is gone with the next one.
func TestLeftovers(t *testing.T) {
	u, dir := open(t)
	if _, err := u.New(); err != nil {
		t.Fatal(err)
	}
	if _, err := upload.Open(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
