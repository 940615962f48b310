package test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// SIGTERM ends a gateway and its instances at every moment of an upgrade, also while the process executes the new program.
func TestSignalDuringUpgrade(t *testing.T) {
	member, _ := node(t, echo)
	for _, c := range []struct {
		line string
		wait time.Duration
	}{
		{"a new program was started", 100 * time.Millisecond},
		{"executes it now", 0},
		{"executes it now", 10 * time.Millisecond},
		{"executes it now", 25 * time.Millisecond},
		{"executes it now", 40 * time.Millisecond},
		{"executes it now", 80 * time.Millisecond},
		{"executes it now", 300 * time.Millisecond},
	} {
		t.Run(c.line+" "+c.wait.String(), func(t *testing.T) {
			g := serve(t, withInstances(plain(freePort(t), member), 2), "")
			go g.run("upgrade")
			eventually(t, c.line, func() bool { return strings.Contains(g.stderr.String(), c.line) })
			time.Sleep(c.wait)
			g.cmd.Process.Signal(syscall.SIGTERM)
			select {
			case <-g.exited:
			case <-time.After(20 * time.Second):
				t.Fatalf("the supervisor goes on:\n%s", g.stderr)
			}
			if code := g.cmd.ProcessState.ExitCode(); code != 0 {
				t.Errorf("%v\n%s", g.cmd.ProcessState, g.stderr)
			}
			if left, _ := filepath.Glob(filepath.Join(g.data, "run", "*.sock")); len(left) > 0 {
				t.Errorf("%v go on without a supervisor:\n%s", left, g.stderr)
			}
		})
	}
}
