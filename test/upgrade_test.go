package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"causeway/bench/family"
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

// The new program serves on trial and cannot begin in the process of the supervisor, because somebody has the store: the program before
// begins again there, and the command says why. The next upgrade works.
func TestUpgradeGoesBack(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 2), "")
	took := make(chan error, 1)
	go func() { took <- holdStore(g) }()
	_, errs, code := g.run("upgrade")
	if err := <-took; err != nil {
		t.Fatal(err)
	}
	if code != 3 || !strings.Contains(errs, "could not begin") || !strings.Contains(errs, "in use") {
		t.Errorf("%d %s\n%s", code, errs, g.stderr)
	}
	if got := curl(t, fmt.Sprintf("http://127.0.0.1:%d/fail", front)); got != "broken\n" || len(g.instances()) != 2 {
		t.Errorf("%q\n%s", got, g.stderr)
	}
	log, err := os.ReadFile(filepath.Join(g.data, "activity.jsonl"))
	if err != nil || strings.Count(string(log), `"event":"start"`) != 1 || !strings.Contains(string(log), "in use") {
		t.Errorf("%v\n%s", err, log)
	}
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", g.cmd.Process.Pid)); err != nil || string(name) != "causeway\n" {
		t.Errorf("the process is called %q, %v", name, err)
	}
	if _, errs, code := g.run("upgrade"); code != 0 {
		t.Errorf("%d %s\n%s", code, errs, g.stderr)
	}
}

// holdStore takes the store of a gateway as soon as its supervisor leaves it, until the next program has failed.
func holdStore(g *gateway) error {
	f, err := os.OpenFile(filepath.Join(g.data, "store", "lock"), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			break
		}
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if strings.Contains(g.stderr.String(), "cannot begin") {
			return nil
		}
	}
	return fmt.Errorf("the new program begins:\n%s", g.stderr)
}

// Instances that drain while the supervisor executes the new program leave no zombies.
func TestUpgradesLeaveNoZombies(t *testing.T) {
	member, _ := node(t, echo)
	g := serve(t, withInstances(plain(freePort(t), member), 3), "")
	for range 4 {
		if _, errs, code := g.run("upgrade"); code != 0 {
			t.Fatalf("%d %s\n%s", code, errs, g.stderr)
		}
	}
	eventually(t, "the family is the supervisor and its instances", func() bool {
		want := append([]int{g.cmd.Process.Pid}, pids(g.instances())...)
		got := family.Of(g.cmd.Process.Pid)
		slices.Sort(want)
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}
