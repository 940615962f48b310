package supervisor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A data directory that others can write is refused, with the command that fixes it; one of this user's alone is not.
func TestExposedDataDirectory(t *testing.T) {
	for mode, fine := range map[os.FileMode]bool{0o700: true, 0o755: true, 0o777: false, 0o770: false, 0o702: false, 0o1777: false} {
		data := filepath.Join(t.TempDir(), "data")
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(data, mode.Perm()|mode&0o1000); err != nil {
			t.Fatal(err)
		}
		err := makeData(data)
		if (err == nil) != fine {
			t.Errorf("mode %o: %v", mode, err)
		}
		if !fine && (!errors.Is(err, ErrExposed) || !strings.Contains(hintFor(err), "chmod go-w")) {
			t.Errorf("mode %o: %v; %s", mode, err, hintFor(err))
		}
	}
	fresh := filepath.Join(t.TempDir(), "a", "data")
	if err := makeData(fresh); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(fresh); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	logs := LogRoot(fresh)
	if err := os.Chmod(logs, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := makeData(fresh); !errors.Is(err, ErrExposed) {
		t.Errorf("logs that others can write: %v", err)
	}
}
