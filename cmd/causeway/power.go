package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"causeway/internal/admin"
	"causeway/internal/supervisor"
)

func startCommand() *cobra.Command {
	return powerCommand("start", "Start a gateway that was stopped", true)
}

func stopCommand() *cobra.Command {
	return powerCommand("stop", "Stop serving, and keep the configuration", false)
}

func powerCommand(use, short string, running bool) *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := admin.NewClient(supervisor.Socket(data)).SetRunning(cmd.Context(), running)
			if errors.Is(err, admin.ErrNotRunning) {
				return notRunning(err, data)
			}
			if err != nil {
				return &exitError{code: exitFailed, err: fmt.Errorf("%s the gateway: %w", use, err), hint: admin.HintOf(err)}
			}
			state := "Stopped"
			if running {
				state = "Running"
			}
			return writeLine(cmd.OutOrStdout(), state)
		},
	}
	dataFlag(cmd, &data)
	return cmd
}
