package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"causeway/internal/admin"
	"causeway/internal/supervisor"
)

func upgradeCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "upgrade",
		Short: "Let the program that is now installed take over from the running gateway",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client := admin.NewClient(supervisor.Socket(data))
			before, err := client.Status()
			if err != nil {
				return notRunning(err, data)
			}
			if err := client.Upgrade(cmd.Context()); err != nil {
				if errors.Is(err, admin.ErrNotRunning) {
					return notRunning(err, data)
				}
				return &exitError{code: exitFailed, err: fmt.Errorf("upgrade: %w", err), hint: admin.HintOf(err)}
			}
			after, err := client.Status()
			if err != nil {
				return notRunning(err, data)
			}
			return writeLine(cmd.OutOrStdout(), fmt.Sprintf("process %d (%s) took over from %d (%s)",
				after.PID, after.Version, before.PID, before.Version))
		},
	}
	dataFlag(cmd, &data)
	return cmd
}
