package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"causeway/internal/diagnose"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
)

func explainCommand() *cobra.Command {
	var live bool
	var data, output string
	cmd := &cobra.Command{
		Use:   "explain TRANSACTION|TIME [PATH...]",
		Short: "Explain a single request",
		Args:  arguments("the transactionId of a request, or the time at which it began"),
		RunE: func(cmd *cobra.Command, args []string) error {
			bundle, err := gatherSome(cmd, live, data, args[1:])
			if err != nil {
				return err
			}
			defer bundle.Close()
			x, err := diagnose.Explain(bundle, args[0])
			printUnread(cmd.ErrOrStderr(), bundle)
			if bundle.Fruitless() {
				return nothingRead(bundle, looked(args[1:], data))
			}
			var several *report.Several
			switch {
			case errors.As(err, &several):
				return printText(cmd.OutOrStdout(), several, output)
			case errors.Is(err, traffic.ErrNoSuchRequest), errors.Is(err, traffic.ErrNothingThen):
				return &exitError{
					code: exitProblems, err: fmt.Errorf("explain %w", err),
					hint: "do the logs cover the time of the request? causeway diagnose prints which times they cover",
				}
			case err != nil:
				return &exitError{
					code: exitUsage, err: fmt.Errorf("explain: %w", err),
					hint: "give the transactionId of the access log (members receive it as x-appgw-trace-id), or a time as the report prints it",
				}
			}
			return printText(cmd.OutOrStdout(), x, output)
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "ask the gateway that runs on --data")
	outputFlag(cmd.Flags(), &output, "text", "json")
	dataFlag(cmd, &data)
	return cmd
}

// printText writes an answer as text or as JSON.
func printText(w io.Writer, x interface{ Text(io.Writer, int) error }, output string) error {
	if output == "json" {
		return printJSON(w, x)
	}
	return x.Text(w, columns(w))
}
