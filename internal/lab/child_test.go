package lab

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestChild(t *testing.T) {
	f := func(script, wantLine, wantErr string) {
		t.Helper()
		c, err := startChild(t.Context(), filepath.Join(t.TempDir(), "log"), "/bin/sh", "-c", script)
		if err != nil {
			t.Fatal(err)
		}
		line, err := c.firstLine(t.Context())
		if line != wantLine || (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%s: line %q, error %v", script, line, err)
		}
		start := time.Now()
		c.stop()
		if !c.ended() || time.Since(start) > 2*stopWithin {
			t.Errorf("%s: ended %v after %v", script, c.ended(), time.Since(start))
		}
	}
	f("echo 4711; cat", "4711", "")                    // ends with its input
	f("echo 4712; exec sleep 60 <&-", "4712", "")      // ends when asked
	f("echo no such module >&2", "", "no such module") // ends by itself
	f("trap '' TERM; echo 4713; exec cat", "4713", "") // ignores the question, but not its input's end
}

func TestChildEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, err := startChild(ctx, filepath.Join(t.TempDir(), "log"), "/bin/sleep", "60")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-c.done:
	case <-time.After(2 * stopWithin):
		t.Error("it goes on")
		c.stop()
	}
}
