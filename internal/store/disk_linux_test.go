package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"causeway/internal/store"
)

// smallDisk is a file system of some bytes.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a file system of its own cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// The disk is full: writes fail with an error, the process lives, and nothing acknowledged is lost.
func TestAFullDisk(t *testing.T) {
	disk := smallDisk(t, "160m")
	o := store.Options{Dir: filepath.Join(disk, "s")}
	s := open(t, o)
	put(t, s, 80, 0)
	if err := s.KeepGood(config(t, s)); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(disk, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 1<<16))
	}
	f.Close()
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	text := large(t)
	last := int64(1)
	for n := 0; n < 30; n++ {
		changed := bytes.ReplaceAll(text, []byte(".example"), []byte{'.', 'a' + byte(n)})
		var r int64
		if r, err = s.Put(timeout(t, 10*time.Second), store.Snapshot{Document: changed}, last); err != nil {
			break
		}
		last = r
	}
	if err == nil {
		t.Fatal("the disk does not fill up")
	}
	t.Logf("after revision %d: %v", last, err)
	if st := s.Status(); !st.Lagging || !strings.Contains(st.Trouble, "no space left") {
		t.Errorf("status: %+v", st)
	}
	select {
	case <-s.Failed():
	default:
		t.Error("the store does not say that it failed")
	}
	if c, err := store.LastGood(o.Dir); err != nil || c.Revision != 1 {
		t.Errorf("LastGood: %d, %v", c.Revision, err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if c := config(t, open(t, o)); c.Revision < last {
		t.Errorf("revision %d is lost: %d", last, c.Revision)
	}
}
