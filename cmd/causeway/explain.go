package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"causeway/diagnose"
)

func explainCommand() *cobra.Command {
	var live bool
	var data, output string
	cmd := &cobra.Command{
		Use:   "explain TRANSACTION [PATH...]",
		Short: "Tell what happened to one request",
		Long: "Tell what happened to one request: its attempts with their phases, the connection, the member's health at that time, and\n" +
			"what the diagnosis of all the evidence says of it. TRANSACTION is the transactionId of the access log, which members get\n" +
			"as x-appgw-trace-id. PATH is as with diagnose; without one it is the gateway on --data.",
		Example: "  causeway explain 592d1649f75a8d480a3c4dc6a975309d\n  causeway explain 592d1649f75a8d480a3c4dc6a975309d ./exported -o json",
		Args:    arguments("the transactionId of a request"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("-o", output, "text", "json"); err != nil {
				return err
			}
			bundle, err := gather(cmd.ErrOrStderr(), live, data, args[1:])
			if err != nil {
				return err
			}
			defer bundle.Close()
			x, err := diagnose.Explain(bundle, args[0])
			switch {
			case errors.Is(err, diagnose.ErrNoSuchRequest):
				tellUnread(cmd.ErrOrStderr(), bundle)
				return &exitError{code: exitBadNews, err: fmt.Errorf("explain %w", err), hint: "is the time of the request within the logs that you gave? causeway logs lists what there is"}
			case err != nil:
				return &exitError{code: exitUsage, err: fmt.Errorf("explain: %w", err), hint: "the transactionId of the access log, or what the member got as x-appgw-trace-id"}
			}
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), x)
			}
			return x.Text(cmd.OutOrStdout(), columns(cmd.OutOrStdout()))
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "ask the gateway that runs on --data")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	dataFlag(cmd, &data)
	return cmd
}
