package storetest

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// SmallDisk makes a folder a file system of a size such as 160m, until the test ends. The error says that none can be mounted here.
func SmallDisk(t *testing.T, dir, size string) error {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		return os.NewSyscallError("mount", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return nil
}
