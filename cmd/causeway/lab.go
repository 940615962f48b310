package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"causeway/lab"
)

func labCommand() *cobra.Command {
	return group("lab", "Rehearse failures whose cause is known", labDemoCommand())
}

func labDemoCommand() *cobra.Command {
	var d lab.Demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Make intermittent 502s, find their cause, cure it, and prove it",
		Long: "Make intermittent 502s, find their cause, cure it, and prove it, in about a minute: a gateway from an Azure document, three\n" +
			"members of which one is a Node.js server with a short keep-alive timeout, sparse POSTs, the report, the fix, the same requests\n" +
			"again. Exit code 0 means that the cause was named and the failures stopped. Nothing leaves this machine's loopback.",
		Example: "  causeway lab demo\n  causeway lab demo --keep /tmp/demo    # and look around afterwards",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.Out, d.Fancy = cmd.OutOrStdout(), onTerminal(cmd.OutOrStdout())
			return runDemo(cmd.Context(), &d)
		},
	}
	cmd.Flags().Uint64Var(&d.Seed, "seed", 1, "of the requests' times")
	cmd.Flags().StringVar(&d.Keep, "keep", "", "directory to leave documents and logs in (default none)")
	cmd.Flags().StringVar(&d.Node, "node", "", "node program (default the one on PATH, else a server with the same limits)")
	return cmd
}

func runDemo(ctx context.Context, d *lab.Demo) error {
	var err error
	if d.Program, err = os.Executable(); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("find this program's own file: %w", err)}
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	err = d.Run(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, lab.ErrDemo):
		return &exitError{code: exitBadNews, err: err, hint: "run it again with --keep DIR and look at the logs in there"}
	case ctx.Err() != nil:
		return &exitError{code: exitFailed, err: errors.New("interrupted; everything that the demo had started has ended")}
	}
	return &exitError{code: exitFailed, err: err}
}

// onTerminal reports whether w is a terminal that shows colours.
func onTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
