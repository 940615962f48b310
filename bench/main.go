// Command bench measures Causeway, nginx and HAProxy on the same work in the same run, round by round in turn, so that
// a machine whose speed drifts slows all three alike. What counts is the ratio within a round.
//
// The proxy runs on CPU 0, the load generator (wrk) and the backend (an nginx of its own) share CPU 1. Each proxy writes
// a JSON access log, keeps connections alive on both sides and adds X-Forwarded-For.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 5, "rounds; the median of them is reported")
	length := flag.Duration("length", 2*time.Second, "of one measurement")
	only := flag.String("only", "", "only workloads whose name contains this")
	idle := flag.Int("idle", 10_000, "idle clients for the memory figure; 0 leaves it out")
	silence := flag.Duration("silence", 20*time.Second, "of the measurement beside a silent crowd; 0 leaves it out")
	binary := flag.String("causeway", "bin/causeway", "binary to measure")
	flag.Parse()
	if err := run(*rounds, *length, *only, *idle, *silence, *binary); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds int, length time.Duration, only string, idle int, silence time.Duration, binary string) error {
	if runtime.NumCPU() < 2 {
		return errors.New("the comparison needs two processors: one for the proxy, one for everything else")
	}
	dir, err := os.MkdirTemp("", "causeway-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // nginx's worker reads it under another user
		return err
	}
	backend, err := startBackend(dir)
	if err != nil {
		return err
	}
	defer backend.stop()
	proxies, err := startProxies(dir, binary)
	for _, p := range proxies {
		defer p.stop()
	}
	if err != nil {
		return err
	}
	var results []result
	for _, w := range workloads(dir) {
		if !strings.Contains(w.name, only) {
			continue
		}
		r, err := measure(w, proxies, rounds, length)
		if err != nil {
			return err
		}
		results = append(results, r)
		r.progress(os.Stderr)
	}
	report(os.Stdout, proxies, results, rounds, length)
	if idle = min(idle, idleRoom()); idle > 0 {
		if err := reportIdle(os.Stdout, proxies, idle); err != nil {
			return err
		}
	}
	if silence > 0 {
		return reportSilence(os.Stdout, dir, binary, silence)
	}
	return nil
}

// idleRoom is how many idle clients this machine's limit of open files allows: Causeway keeps a second descriptor for
// each client, and some for itself.
func idleRoom() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0
	}
	return int(min(l.Max, 1<<20))/2 - 500
}

// pinned is a command on one processor.
func pinned(cpu string, name string, args ...string) *exec.Cmd {
	cmd := exec.Command("taskset", append([]string{"-c", cpu, name}, args...)...)
	cmd.Stderr = os.Stderr
	return cmd
}

// makeFolder makes one that nginx's worker may read, with a certificate in it.
func makeFolder(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return makeCertificate(dir)
}

// edit changes a file.
func edit(path string, change func(string) string) error {
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(change(string(b))), 0o644)
	}
	return err
}

func writeFile(dir, name string, data []byte) (string, error) {
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, data, 0o644)
}
