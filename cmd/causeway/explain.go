package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

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
			if err := transactionFirst(args); err != nil {
				return err
			}
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

// transactionFirst refuses a path in place of the transaction, where a transaction stands among the paths.
func transactionFirst(args []string) error {
	if _, err := traffic.ParseQuery(args[0]); err == nil {
		return nil
	}
	for i, arg := range args[1:] {
		if _, err := traffic.ParseQuery(arg); err != nil {
			continue
		}
		paths := slices.Concat(args[:1+i], args[2+i:])
		return &exitError{
			code: exitUsage, err: fmt.Errorf("explain: %s is no transaction", args[0]),
			hint: "the transaction comes first: causeway explain " + arg + " " + strings.Join(paths, " "),
		}
	}
	return nil
}

// printText writes an answer as text or as JSON.
func printText(w io.Writer, x interface{ Text(io.Writer, int) error }, output string) error {
	if output == "json" {
		return printJSON(w, x)
	}
	return x.Text(w, columns(w))
}
