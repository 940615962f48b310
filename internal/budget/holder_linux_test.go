package budget

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestMain is a busy process, or one that uses much memory, when a test asks for one.
func TestMain(m *testing.M) {
	if os.Getenv("BUDGET_TEST_BUSY") != "" {
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		}
		return
	}
	if os.Getenv("BUDGET_TEST_EATS") != "" {
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is held
		eaten := make([]byte, 256<<20)
		for i := 0; i < len(eaten); i += 4096 {
			eaten[i] = 1
		}
		return
	}
	os.Exit(m.Run())
}

// real opens the control groups of this machine, or skips the test with the reason.
func real(t *testing.T) *Holder {
	h, err := Open(Options{Name: "causeway-test-" + strconv.Itoa(os.Getpid())})
	if err != nil {
		t.Fatal(err)
	}
	if !h.State().CPUHeld {
		t.Skip(h.State().Text())
	}
	t.Cleanup(func() {
		h.RemoveEmpty()
		for _, p := range h.places {
			if err := os.Remove(p.folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
		}
	})
	return h
}

// busy starts a process that uses a processor whole.
func busy(t *testing.T) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "BUDGET_TEST_BUSY=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

func TestBusyProcessIsHeld(t *testing.T) {
	h := real(t)
	cmd := busy(t)
	size := Size{CPU: 0.5, Memory: 128 << 20}
	g, err := h.Hold("instance-0", cmd.Process.Pid, size)
	if err != nil {
		t.Fatal(err)
	}
	after := usesHalf(t, g)
	if after.Throttled == 0 || after.ThrottledTime == 0 || after.Periods < after.Throttled {
		t.Errorf("the kernel counted no throttling: %+v", after)
	}
	if h.State().MemoryHeld && (after.Memory == 0 || after.Peak == 0 || after.Memory > size.Memory) {
		t.Errorf("memory: %+v", after)
	}
}

// usesHalf measures a busy process that may use half a processor. Less is no failure while others keep the processors busy: then it is
// hardly ever throttled, and the test looks again.
func usesHalf(t *testing.T, g *Group) Usage {
	t.Helper()
	for range 4 {
		before, began := usage(t, g), time.Now()
		time.Sleep(1500 * time.Millisecond)
		after, took := usage(t, g), time.Since(began)
		used := (after.CPU - before.CPU).Seconds() / took.Seconds()
		throttled := float64(after.Throttled-before.Throttled) / float64(after.Periods-before.Periods)
		if used > 0.55 || used < 0.45 && throttled > 0.9 {
			t.Errorf("a busy process used %.2f CPU of 0.5, throttled in %.0f %% of the periods", used, 100*throttled)
		}
		if used >= 0.45 {
			return after
		}
	}
	t.Skip("others keep the processors busy")
	return Usage{}
}

func usage(t *testing.T, g *Group) Usage {
	t.Helper()
	u, err := g.Usage()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestGroupsOutliveTheirSupervisor(t *testing.T) {
	h := real(t)
	cmd := busy(t)
	size := Size{CPU: 0.5, Memory: 128 << 20}
	if _, err := h.Hold("instance-0", cmd.Process.Pid, size); err != nil {
		t.Fatal(err)
	}
	next, err := Open(Options{Name: h.name})
	if err != nil {
		t.Fatal(err)
	}
	left, err := next.Left()
	if err != nil || len(left) != 1 || left[0].Name != "instance-0" || !slices.Equal(left[0].PIDs, []int{cmd.Process.Pid}) {
		t.Fatalf("%+v %v", left, err)
	}
	g, err := next.Adopt("instance-0")
	if err != nil {
		t.Fatal(err)
	}
	if removed := next.RemoveEmpty(); len(removed) != 0 {
		t.Errorf("removed %v with a process in it", removed)
	}
	if err := g.Remove(); !errors.Is(err, ErrBusy) {
		t.Errorf("a group with a process: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := next.Adopt("instance-0"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a group that is gone: %v", err)
	}
	next.Close()
	if _, err := os.Stat(next.places[0].folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder of the gateway was left behind: %v", err)
	}
}

func TestProcessThatIsGone(t *testing.T) {
	h := real(t)
	cmd := busy(t)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if _, err := h.Hold("instance-0", cmd.Process.Pid, Size{CPU: 1, Memory: 1 << 30}); err == nil {
		t.Error("a process that is gone can be held")
	}
	if left, err := h.Left(); err != nil || len(left) != 0 {
		t.Errorf("left: %+v %v", left, err)
	}
}

func TestUsageWithoutGroups(t *testing.T) {
	h := &Holder{}
	g, err := h.Hold("instance-0", os.Getpid(), Size{CPU: 1, Memory: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	var u Usage
	for end := time.Now().Add(5 * time.Second); u.CPU == 0 && time.Now().Before(end); u = usage(t, g) { // it counts in hundredths of a second
	}
	if u.CPU == 0 || u.Memory == 0 || u.Peak < u.Memory {
		t.Errorf("%+v", u)
	}
}

// An instance that uses up its memory is killed, and the group counts it.
func TestMemoryIsHeld(t *testing.T) {
	h := real(t)
	if !h.State().MemoryHeld {
		t.Skip(h.State().Text())
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "BUDGET_TEST_EATS=1")
	start, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	g, err := h.Hold("instance-0", cmd.Process.Pid, Size{CPU: 1, Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	start.Close()
	if err := cmd.Wait(); err == nil {
		t.Error("it used more than its budget of memory")
	}
	if u := usage(t, g); u.OOMKills == 0 || u.Peak > 65<<20 || u.Peak < 32<<20 {
		t.Errorf("%+v", u)
	}
}
