package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"causeway/internal/arm"
	"causeway/internal/confined"
	"causeway/internal/upload"
)

// Bounds of the process of a report. A report of 10 million requests takes less than a minute and 1 GiB.
var reportLimits = confined.Limits{
	Memory: 2 << 30,
	CPUs:   1,                // the instances of the gateway have the others
	Time:   50 * time.Second, // less than a request may take, so that its answer says so
	Output: 64 << 20,
}

// Report runs a command of this program in a process of its own, which may not take the supervisor with it. See arm.Reports.
func (s *Supervisor) Report(ctx context.Context, c arm.Command) (arm.Printed, error) {
	p := confined.Program{Path: thisProgram(), Args: append([]string{c.Name}, c.Args...), Dir: c.Dir, Input: c.Input}
	if c.Dir == "" {
		p.Args = append([]string{c.Name, "--data", s.o.Data}, c.Args...)
	}
	printed, said, err := confined.Run(ctx, p, reportLimits)
	var exit *exec.ExitError
	switch {
	case errors.Is(err, confined.ErrTime):
		return arm.Printed{}, &arm.ReportError{
			Message: fmt.Sprintf("causeway %s takes longer than %s: choose a shorter window, or run it on the machine", c.Name, reportLimits.Time), Late: true,
		}
	case errors.Is(err, confined.ErrMemory), errors.Is(err, confined.ErrOutput):
		return arm.Printed{}, &arm.ReportError{
			Message: fmt.Sprintf("causeway %s: %v: choose a shorter window, or run it on a machine of your own", c.Name, err), Late: true,
		}
	case err == nil, errors.As(err, &exit) && exit.Exited() && len(printed) > 0: // a code that says what was found
		return arm.Printed{Text: printed, Notes: said}, nil
	case confined.Killed(err):
		return arm.Printed{}, fmt.Errorf("run causeway %s: it was killed: %v", c.Name, exit.ProcessState)
	case exit != nil:
		return arm.Printed{}, &arm.ReportError{Message: strings.TrimSpace(string(said)), Found: exit.ExitCode() == 1}
	}
	return arm.Printed{}, fmt.Errorf("run causeway %s: %w", c.Name, err)
}

// Uploads is where evidence is kept that was given over the management API. See arm.Reports.
func (s *Supervisor) Uploads() *upload.Uploads { return s.uploads }
