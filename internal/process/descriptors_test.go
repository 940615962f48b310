package process

import "testing"

func TestConnectionsWithin(t *testing.T) {
	for files, want := range map[uint64]int{0: 64, 256: 64, 1024: 384, 1 << 20: (1<<20 - 256) / 2, ^uint64(0): (1<<30 - 256) / 2} {
		if got := connectionsWithin(files); got != want {
			t.Errorf("%d files: %d connections, want %d", files, got, want)
		}
	}
}
