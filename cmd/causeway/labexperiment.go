package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"causeway/internal/lab"
)

func labExperimentCommand() *cobra.Command {
	var e lab.Experiment
	cmd := &cobra.Command{
		Use:   "experiment",
		Short: "Overload a gateway that is too small, find that out, add instances under load, and prove that it helped",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e.Out, e.Fancy = cmd.OutOrStdout(), onTerminal(cmd.OutOrStdout())
			return runExperiment(cmd.Context(), &e)
		},
	}
	cmd.Flags().StringVar(&e.Keep, "keep", "", "directory to keep documents, logs and reports in")
	return cmd
}

func runExperiment(ctx context.Context, e *lab.Experiment) error {
	var err error
	if e.Program, err = os.Executable(); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("find this program's own file: %w", err)}
	}
	ctx, stop := untilInterrupted(ctx)
	defer stop()
	// A reader who leaves would end this program at once, and what it has started would be left.
	signal.Ignore(syscall.SIGPIPE)
	e.Out = &untilBroken{w: e.Out, broken: stop}
	err = e.Run(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, lab.ErrExperiment):
		return &exitError{code: exitProblems, err: err, hint: "run it again when this machine has little else to do; --keep DIR leaves the logs and reports to look at"}
	case ctx.Err() != nil:
		return &exitError{code: exitFailed, err: errors.New("interrupted; everything that the experiment started has ended")}
	}
	return &exitError{code: exitFailed, err: err}
}
