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
		Short: "Hold the load against the throughput limits",
		Long: "Hold the load that was seen against what the gateway may give: capacity units of a second-generation gateway, sizes of a\n" +
			"first-generation one. It says how much is left, and what number of instances, size or range to set. The advice needs a\n" +
			"month of metrics. Of a gateway that runs on Causeway (--live, or its own records) it tells what the machine has and how\n" +
			"much of its connections are in use; what it can carry is known once make bench has measured it. PATH is as with diagnose.\n" +
			"Exit code 1 means that the gateway is too small.",
		Example: "  causeway capacity gateway.json metrics.json\n  causeway capacity ./exported -o json",
		RunE: func(cmd *cobra.Command, paths []string) error {
			if err := oneOf("-o", output, "text", "json"); err != nil {
				return err
			}
			bundle, err := gatherSome(cmd, live, data, paths)
			if err != nil {
				return err
			}
			defer bundle.Close()
			c, err := sizing.FromEvidence(bundle)
			if err != nil {
				return &exitError{code: exitFailed, err: fmt.Errorf("capacity: %w", err)}
			}
			tellUnread(cmd.ErrOrStderr(), bundle)
			if bundle.Fruitless() {
				return nothingRead(bundle, looked(paths, data))
			}
			if output == "json" {
				err = printJSON(cmd.OutOrStdout(), c)
			} else {
				err = c.Text(cmd.OutOrStdout(), columns(cmd.OutOrStdout()))
			}
			if err == nil && strings.HasPrefix(c.Judgement, "too small") {
				return &exitError{code: exitBadNews}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "ask the gateway that runs on --data")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	dataFlag(cmd, &data)
	return cmd
}
