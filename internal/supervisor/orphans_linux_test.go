package supervisor

import (
	"errors"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A dead child that nobody waits for goes; one that somebody waits for is his.
func TestOrphansAreReaped(t *testing.T) {
	quit := make(chan struct{})
	defer close(quit)
	go reapOrphans(quit)
	var orphans []int
	for range 3 {
		cmd := exec.Command("true")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		orphans = append(orphans, cmd.Process.Pid)
	}
	own := exec.Command("sh", "-c", "sleep 0.5; exit 7")
	var exit *exec.ExitError
	if err := own.Run(); !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("%v", err)
	}
	for _, pid := range orphans {
		for end := time.Now().Add(20 * time.Second); unix.Kill(pid, 0) == nil; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("process %d is still there", pid)
			}
		}
	}
}
