package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestProgressText(t *testing.T) {
	for _, x := range []struct {
		done, size int64
		took       time.Duration
		want       string
	}{
		{3_100_000_000, 10_000_000_000, 7524 * time.Millisecond, "read 3.1 of 10.0 GB, 412 MB/s, 17 s left"},
		{1_000_000, 900_000_000, 10 * time.Second, "read 1.0 of 900.0 MB, 100 kB/s, 2 h left"},
		{1_000_000, 2_000_000_000, 10 * time.Second, "read 0.0 of 2.0 GB, 100 kB/s, 6 h left"},
		{20, 10, time.Second, "read 0.0 of 0.0 kB, 0 kB/s, 0 s left"}, // a log that grew meanwhile
		{0, 10, time.Second, ""},
		{10, 0, time.Second, ""},
	} {
		if got := progressText(x.done, x.size, x.took); got != x.want {
			t.Errorf("%d of %d in %s: %q, want %q", x.done, x.size, x.took, got, x.want)
		}
	}
}

type halfway struct{}

func (halfway) Progress() (done, size int64) { return 5e9, 10e9 }

// The line is rewritten in place, and gone at the end.
func TestProgressIsErased(t *testing.T) {
	var b bytes.Buffer
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { watchProgress(&b, halfway{}, stop); close(stopped) }()
	time.Sleep(quietFirst + everyRefresh/2)
	close(stop)
	<-stopped
	if got := b.String(); !strings.HasPrefix(got, "\r\x1b[Kread 5.0 of 10.0 GB, ") || !strings.HasSuffix(got, " left\r\x1b[K") ||
		strings.Contains(got, "\n") {
		t.Errorf("%q", got)
	}
}

// Standard error that is no terminal gets nothing.
func TestNoProgressWithoutTerminal(t *testing.T) {
	var b bytes.Buffer
	showProgress(&b, halfway{})()
	if b.Len() > 0 {
		t.Errorf("%q", b.String())
	}
}

func TestColumns(t *testing.T) {
	for value, want := range map[string]int{"": 100, "x": 100, "0": 100, "40": 60, "77": 77, "200": 120} {
		t.Setenv("COLUMNS", value)
		if got := columns(&bytes.Buffer{}); got != want {
			t.Errorf("COLUMNS=%s: %d, want %d", value, got, want)
		}
	}
}
