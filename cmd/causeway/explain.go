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
		Short: "Tell what happened to one request",
		Long: "Tell what happened to one request: its attempts with their phases, the connection, the member's health at that time, and\n" +
			"what the diagnosis of all the evidence says of it. TRANSACTION is the transactionId of the access log, which members get\n" +
			"as x-appgw-trace-id. Reports name requests of logs without one by TIME, at which they began: of those that failed then it\n" +
			"is the only one, or all are listed, each with what to ask for to get it. PATH is as with diagnose; without one it is the\n" +
			"gateway on --data.",
		Example: "  causeway explain 592d1649f75a8d480a3c4dc6a975309d\n  causeway explain 592d1649f75a8d480a3c4dc6a975309d ./exported -o json\n  causeway explain 2026-11-23T09:00:01Z ./exported",
		Args:    arguments("the transactionId of a request, or the time at which it began"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("-o", output, "text", "json"); err != nil {
				return err
			}
			bundle, err := gatherSome(cmd, live, data, args[1:])
			if err != nil {
				return err
			}
			defer bundle.Close()
			x, err := diagnose.Explain(bundle, args[0])
			tellUnread(cmd.ErrOrStderr(), bundle)
			if bundle.Fruitless() {
				return nothingRead(bundle, looked(args[1:], data))
			}
			var several *report.Several
			switch {
			case errors.As(err, &several):
				return printText(cmd.OutOrStdout(), several, output)
			case errors.Is(err, traffic.ErrNoSuchRequest), errors.Is(err, traffic.ErrNothingThen):
				return &exitError{code: exitBadNews, err: fmt.Errorf("explain %w", err), hint: "is the time of the request within the logs that you gave? The report of causeway diagnose says of what time they are"}
			case err != nil:
				return &exitError{code: exitUsage, err: fmt.Errorf("explain: %w", err), hint: "the transactionId of the access log, what the member got as x-appgw-trace-id, or a time as the report prints it"}
			}
			return printText(cmd.OutOrStdout(), x, output)
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "ask the gateway that runs on --data")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
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
