package supervisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"causeway/internal/arm"
)

// Bounds of the process of a report. A report of 10 million requests takes less than a minute and 1 GiB.
const (
	reportMemory = "1GiB"
	reportCPUs   = "1"              // the instances of the gateway have the others
	reportTime   = 50 * time.Second // less than a request may take, so that its answer says so
	reportMax    = 64 << 20         // bytes
)

// Report runs a command of this program in a process of its own, which may not take the supervisor with it. See arm.Reports.
func (s *Supervisor) Report(ctx context.Context, command string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, thisProgram(), append([]string{command, "--data", s.o.Data}, args...)...)
	cmd.Env = append(os.Environ(), "GOMEMLIMIT="+reportMemory, "GOMAXPROCS="+reportCPUs)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Second
	out, said := &bounded{most: reportMax}, &bounded{most: 4 << 10}
	cmd.Stdout, cmd.Stderr = out, said
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, &arm.ReportError{
			Message: fmt.Sprintf("causeway %s takes longer than %s: choose a shorter window, or run it on the machine", command, reportTime), Late: true,
		}
	case out.full:
		return nil, fmt.Errorf("run causeway %s: its report has more than %d MiB", command, reportMax>>20)
	case err == nil, errors.As(err, &exit) && out.text.Len() > 0: // a code that says what was found
		return out.text.Bytes(), nil
	case exit != nil && !exit.Exited():
		return nil, fmt.Errorf("run causeway %s: it was killed: %v", command, exit.ProcessState)
	case exit != nil:
		return nil, &arm.ReportError{Message: strings.TrimSpace(said.text.String()), Found: exit.ExitCode() == 1}
	}
	return nil, fmt.Errorf("run causeway %s: %w", command, err)
}

// bounded keeps the first bytes that are written to it.
type bounded struct {
	text bytes.Buffer // not embedded: its ReadFrom knows no bound
	most int
	full bool
}

// Write implements io.Writer. It takes everything, so that the writer does not fail.
func (b *bounded) Write(p []byte) (int, error) {
	rest := b.most - b.text.Len()
	if rest < len(p) {
		b.full = true
		b.text.Write(p[:max(0, rest)])
		return len(p), nil
	}
	return b.text.Write(p)
}
