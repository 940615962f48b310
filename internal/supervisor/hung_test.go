package supervisor

import (
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// What a supervisor without free descriptors cannot ask is no silence of an instance.
func TestOnlyALateAnswerIsAHang(t *testing.T) {
	late := &net.OpError{Op: "read", Net: "unix", Err: os.ErrDeadlineExceeded}
	short := &net.OpError{Op: "dial", Net: "unix", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	for err, want := range map[error]bool{late: true, short: false, io.EOF: false} {
		if got := hangs(fmt.Errorf("reach instance 0: %w", err)); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

// An instance that hangs is ended and replaced, without anybody's change.
func TestHungInstanceIsEnded(t *testing.T) {
	h := newHouse(t)
	h.o.hungAfter = 1
	h.start()
	pid := h.s.fleet.all()[0].PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if all := h.s.fleet.all(); len(all) == 1 && all[0].PID != pid {
			break
		}
		if time.Now().After(end) {
			t.Fatal("it was not replaced")
		}
	}
	if status, _ := h.get(h.url("/")); status != 200 {
		t.Error(status)
	}
}
