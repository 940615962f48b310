package confined_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"causeway/internal/confined"
)

// The test's own program is what runs: its first argument says what it does.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || !strings.HasPrefix(os.Args[1], "do-") {
		os.Exit(m.Run())
	}
	switch os.Args[1] {
	case "do-print":
		fmt.Println("report", os.Getenv("NOTIFY_SOCKET")+os.Getenv("CAUSEWAY_CLIENT_SECRET"))
		fmt.Fprintln(os.Stderr, "note")
		os.Exit(1)
	case "do-sleep":
		time.Sleep(time.Minute)
	case "do-flood":
		for {
			fmt.Println(strings.Repeat("x", 1000))
		}
	case "do-grow":
		var all [][]byte
		for {
			page := make([]byte, 1<<20)
			for i := range page {
				page[i] = byte(i)
			}
			all = append(all, page)
			runtime.KeepAlive(all)
		}
	}
}

var limits = confined.Limits{Memory: 256 << 20, CPUs: 1, Time: time.Minute, Output: 10_000}

func run(ctx context.Context, what string, l confined.Limits) (printed, said []byte, err error) {
	return confined.Run(ctx, confined.Program{Path: os.Args[0], Args: []string{what}}, l)
}

// A program prints, says and exits as it likes, and knows nothing of who supervises its parent, nor a secret.
func TestRun(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "/run/notify")
	t.Setenv("CAUSEWAY_CLIENT_SECRET", "secret")
	printed, said, err := run(t.Context(), "do-print", limits)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || confined.Killed(err) {
		t.Errorf("%v", err)
	}
	if string(printed) != "report \n" || string(said) != "note\n" {
		t.Errorf("%q %q", printed, said)
	}
}

// A program beyond a limit ends, and the error names the limit.
func TestLimits(t *testing.T) {
	short := limits
	short.Time = 50 * time.Millisecond
	for name, c := range map[string]struct {
		what   string
		limits confined.Limits
		want   error
	}{
		"time":   {"do-sleep", short, confined.ErrTime},
		"output": {"do-flood", limits, confined.ErrOutput},
		"memory": {"do-grow", limits, confined.ErrMemory},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "memory" && runtime.GOOS != "linux" {
				t.Skip("the memory of a process is not read on this system")
			}
			printed, _, err := run(t.Context(), c.what, c.limits)
			if !errors.Is(err, c.want) || len(printed) > limits.Output {
				t.Errorf("%v, %d bytes", err, len(printed))
			}
		})
	}
}

// Whoever no longer wants the answer ends the program.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, _, err := run(ctx, "do-sleep", limits); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
