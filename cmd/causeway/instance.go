package main

import (
	"github.com/spf13/cobra"

	"causeway/internal/process"
)

// instanceCommand is what a supervisor starts for each instance.
func instanceCommand() *cobra.Command {
	var logFormat string
	cmd := &cobra.Command{
		Use:    "instance",
		Short:  "Serve as an instance of a running gateway",
		Hidden: true,
		Args:   noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			setLog(cmd.ErrOrStderr(), logFormat)
			if err := process.Main(buildVersion()); err != nil {
				return &exitError{code: exitFailed, err: err}
			}
			return nil
		},
	}
	choiceFlag(cmd.Flags(), &logFormat, "log-format", "", "format of the program's own log", "text", "json")
	return cmd
}
