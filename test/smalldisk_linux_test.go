package test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk makes a folder a file system of some bytes; empty where none can be mounted.
func smallDisk(t *testing.T, dir, size string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Logf("the story of the full disk is left out: a file system of its own cannot be mounted here: %v", err)
		return ""
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}
