package process

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// An instance serves while its heartbeat is recent: one of long ago, or of a time that has not come yet, is of one that died.
func TestBeating(t *testing.T) {
	data := t.TempDir()
	run := filepath.Join(data, runName)
	if err := os.Mkdir(run, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{
		"0-101.beat": 0, "1-102.beat": time.Minute, "2-103.beat": -time.Hour, "3-104.sock": 0, "other.beat": 0,
	} {
		path := filepath.Join(run, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if got := Beating(data); !slices.Equal(got, []int{101}) {
		t.Errorf("processes %v serve, not 101 alone", got)
	}
}
