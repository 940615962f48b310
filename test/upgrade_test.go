package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"causeway/bench/family"
)

// SIGTERM ends a gateway and its instances at every moment of an upgrade, also while the process executes the new program, and is one stop
// in the activity log. In the two milliseconds until the runtime of the new program handles signals one is lost, and the next is not: no
// more than one of these moments may be such.
func TestSignalDuringUpgrade(t *testing.T) {
	member, _ := node(t, echo)
	lost := 0
	defer func() {
		if lost > 1 {
			t.Errorf("%d signals were lost", lost)
		}
	}()
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
			case <-time.After(8 * time.Second): // longer than an instance drains here
				lost++
				g.cmd.Process.Signal(syscall.SIGTERM)
			}
			select {
			case <-g.exited:
			case <-time.After(20 * time.Second):
				t.Fatalf("the supervisor goes on:\n%s", g.stderr)
			}
			log, err := os.ReadFile(filepath.Join(g.data, "activity.jsonl"))
			if err != nil || strings.Count(string(log), `"event":"stop"`) != 1 {
				t.Errorf("%v\n%s", err, log)
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

// Upgrades leave no zombies of instances that drain while the supervisor executes the new program, no warnings, and no events of a start.
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
	for line := range strings.Lines(g.stderr.String()) {
		if strings.Contains(line, "level=WARN") && !strings.Contains(line, "etcd: ") {
			t.Errorf("nothing is wrong: %s", line)
		}
	}
	log, err := os.ReadFile(filepath.Join(g.data, "activity.jsonl"))
	if err != nil || strings.Count(string(log), `"event":"start"`) != 1 {
		t.Errorf("%v\n%s", err, log)
	}
}

// A program on trial hangs: an upgrade ends with the command that asked for it, another may follow, and the end of the gateway ends the
// program.
func TestHungTrial(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	g := serveCopy(t)
	g.install("#!/bin/sh\ntrap '' TERM\nexec sleep 100\n")
	for n := 1; n <= 2; n++ {
		command := exec.Command(path, "upgrade", "--data", g.data)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the program runs", func() bool { return strings.Count(g.stderr.String(), "a new program was started") == n })
		if n == 2 {
			g.cmd.Process.Signal(syscall.SIGTERM)
		} else {
			command.Process.Kill()
		}
		command.Wait()
		eventually(t, "the upgrade has failed", func() bool { return strings.Count(g.stderr.String(), "the upgrade failed") == n })
	}
	select {
	case <-g.exited:
	case <-time.After(8 * time.Second):
		t.Errorf("it waits for the program on trial\n%s", g.stderr)
	}
	if args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", trialOf(g.gateway))); err == nil && len(args) > 0 {
		t.Errorf("the program on trial goes on: %q", args)
	}
}

// A program of an older version knows nothing of a trial: it serves in the place of the supervisor, which ends and leaves it alone.
func TestUpgradeToAnOlderProgram(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	g := serveCopy(t)
	g.install("#!/bin/sh\nunset CAUSEWAY_TRIAL\nexec " + path + " \"$@\"\n")
	command := exec.Command(path, "upgrade", "--data", g.data)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v %s\n%s", err, out, g.stderr)
	}
	eventually(t, "the supervisor has ended", func() bool { return syscall.Kill(g.cmd.Process.Pid, 0) != nil })
	successor := trialOf(g.gateway)
	t.Cleanup(func() {
		syscall.Kill(successor, syscall.SIGTERM)
		eventually(t, "the successor has ended", func() bool { return syscall.Kill(successor, 0) != nil })
	})
	if got := curl(t, fmt.Sprintf("http://127.0.0.1:%d/fail", g.front)); got != "broken\n" {
		t.Errorf("%q\n%s", got, g.stderr)
	}
	if _, errs, code := g.run("health"); code != 0 || len(g.instances()) != 1 {
		t.Errorf("%d %s\n%s", code, errs, g.stderr)
	}
}

// copied is a gateway whose program is a file of its own.
type copied struct {
	*gateway
	front   int
	program string
}

// install puts a script in the place of its program.
func (c *copied) install(script string) {
	os.Remove(c.program)
	if err := os.WriteFile(c.program, []byte(script), 0o700); err != nil {
		c.t.Fatal(err)
	}
}

// serveCopy serves a gateway by a copy of the program.
func serveCopy(t *testing.T) *copied {
	t.Helper()
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, plain(front, member).String(), "")
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	syscall.Kill(g.cmd.Process.Pid, syscall.SIGTERM)
	<-g.exited
	own := filepath.Join(g.dir, "causeway")
	if out, err := exec.Command("cp", path, own).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	next := &gateway{t: t, dir: g.dir, data: g.data, config: g.config, stderr: &lockedBuffer{}, exited: make(chan struct{})}
	next.cmd = exec.Command(own, "serve", "--config", g.config, "--data", g.data, "--listen", "127.0.0.1", "--drain", "1s")
	next.start()
	t.Cleanup(next.stop)
	eventually(t, "it serves", func() bool { return strings.Contains(next.stderr.String(), "msg=serving") })
	return &copied{next, front, own}
}
