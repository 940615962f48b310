//go:build unix

package evidence

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"causeway/internal/evidence/evidencetest"
)

// A shell hands what a command prints over as a pipe with a path: causeway diagnose <(zcat old.gz).
func TestPipeWithAPath(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	path := fmt.Sprintf("/dev/fd/%d", in.Fd())
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s has no %s", runtime.GOOS, path)
	}
	go func() {
		fmt.Fprint(out, evidencetest.ManyRows())
		out.Close()
	}()
	three(t, open(t, path), "pipe")
}
