package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"causeway/internal/sizing"
)

func capacityCommand() *cobra.Command {
	var live bool
	var data, output string
	cmd := &cobra.Command{
		Use:   "capacity [PATH...]",
		Short: "Compare the observed load with the capacity limits",
		RunE: func(cmd *cobra.Command, paths []string) error {
			bundle, err := gatherSome(cmd, live, data, paths)
			if err != nil {
				return err
			}
			defer bundle.Close()
			c, err := sizing.FromEvidence(bundle)
			if err != nil {
				return &exitError{code: exitFailed, err: fmt.Errorf("capacity: %w", err)}
			}
			printUnread(cmd.ErrOrStderr(), bundle)
			if bundle.Fruitless() {
				return nothingRead(bundle, looked(paths, data))
			}
			if output == "json" {
				err = printJSON(cmd.OutOrStdout(), c)
			} else {
				err = c.Text(cmd.OutOrStdout(), columns(cmd.OutOrStdout()))
			}
			if err == nil && strings.HasPrefix(c.Judgement, "too small") {
				return &exitError{code: exitProblems}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "ask the gateway that runs on --data")
	outputFlag(cmd.Flags(), &output, "text", "json")
	dataFlag(cmd, &data)
	return cmd
}
