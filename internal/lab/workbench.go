package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/admin"
	"causeway/internal/evidence"
	"causeway/internal/lab/stage"
	"causeway/internal/supervisor"
)

// workbench is a directory with a gateway in it, which the causeway binary serves as a user would have it.
type workbench struct {
	program string
	dir     string
	kept    bool // dir stays
	site    stage.Site
	admin   *admin.Client
	ends    []func()
}

// open makes the directory that everything happens in: keep, or a temporary one.
func (w *workbench) open(keep string) (err error) {
	w.kept = keep != ""
	if w.dir = keep; !w.kept {
		w.dir, err = os.MkdirTemp("", "causeway-lab-")
	} else {
		err = os.MkdirAll(w.dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("make a directory for the play: %w", err)
	}
	return nil
}

// close ends what has been started, last first, and removes the directory unless it is to be kept.
func (w *workbench) close() {
	for i := len(w.ends) - 1; i >= 0; i-- {
		w.ends[i]()
	}
	if !w.kept {
		os.RemoveAll(w.dir)
	}
}

// startGateway writes the two documents and serves them with the binary, as a user would. A port that was free may be
// taken the next moment; then another is tried.
func (w *workbench) startGateway(ctx context.Context) error {
	const tries = 3
	var err error
	for range tries {
		if err = w.tryGateway(ctx); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (w *workbench) tryGateway(ctx context.Context) (err error) {
	if w.site.Port, err = stage.FreePort("127.0.0.1"); err != nil {
		return err
	}
	if err := w.write(); err != nil {
		return err
	}
	c, err := startChild(ctx, w.path("gateway.log"), w.program, "serve", "--config", w.path("gateway.json"),
		"--local", w.path("causeway.yaml"), "--data", w.data(), "--listen", "127.0.0.1", "--drain", "1s")
	if err != nil {
		return fmt.Errorf("start the gateway: %w", err)
	}
	w.ends = append(w.ends, c.stop)
	w.admin = admin.NewClient(supervisor.Socket(w.data()))
	return w.awaitReady(ctx, c)
}

// write writes the documents of the site, as they are now.
func (w *workbench) write() error {
	for name, content := range map[string][]byte{"gateway.json": w.site.Document(), "causeway.yaml": w.site.Local()} {
		if err := os.WriteFile(w.path(name), content, 0o600); err != nil {
			return fmt.Errorf("write the gateway's documents: %w", err)
		}
	}
	return nil
}

func (w *workbench) path(name string) string { return filepath.Join(w.dir, name) }

func (w *workbench) data() string { return w.path("data") }

const readyWithin = 15 * time.Second

func (w *workbench) awaitReady(ctx context.Context, c *process) error {
	for deadline := time.Now().Add(readyWithin); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		if c.ended() {
			return fmt.Errorf("start the gateway: it ended at once:\n%s", c.tail())
		}
		if s, err := w.admin.Status(); err == nil && s.Ready && w.allUp() {
			return nil
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("start the gateway: it and its members were not ready within %v:\n%s", readyWithin, c.tail())
}

func (w *workbench) allUp() bool {
	h, err := w.admin.Health()
	if err != nil || len(h.Pools) == 0 || len(h.Pools[0].Settings) == 0 {
		return false
	}
	for _, s := range h.Pools[0].Settings[0].Servers {
		if s.Health != "Up" {
			return false
		}
	}
	return true
}

// problems is the exit code of a command that worked, and found some.
const problems = 1

// causeway runs another command of the binary, as a user would. That it finds problems is no error.
func (w *workbench) causeway(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, w.program, args...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == problems && len(out) > 0 {
		return out, nil
	}
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("run causeway %s: %w\n%s", args[0], err, exit.Stderr)
	}
	if err != nil {
		return nil, fmt.Errorf("run causeway %s: %w", args[0], err)
	}
	return out, nil
}

const logWithin = 5 * time.Second

// awaitLog waits until the log holds n requests.
func (w *workbench) awaitLog(ctx context.Context, n int) error {
	for deadline := time.Now().Add(logWithin); ; time.Sleep(100 * time.Millisecond) {
		bundle, err := evidence.Open([]string{w.data()})
		if err != nil {
			return err
		}
		records := 0
		if err := bundle.Each(func(*accesslog.Record, bool) { records++ }); err != nil {
			return err
		}
		switch {
		case records >= n:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(deadline):
			return fmt.Errorf("wait for the access log: %d of %d requests were in it after %v", records, n, logWithin)
		}
	}
}
