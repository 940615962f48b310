package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// argument requires exactly these arguments; the error for a missing one names its purpose.
func argument(purposes ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(purposes) {
			return nil
		}
		return missing(cmd, args, purposes...)
	}
}

// arguments requires one or more.
func arguments(purpose string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return nil
		}
		return missing(cmd, args, purpose)
	}
}

func missing(cmd *cobra.Command, args []string, purposes ...string) error {
	name := strings.TrimPrefix(cmd.CommandPath(), "causeway ")
	takes := "one"
	if len(purposes) > 1 {
		takes = fmt.Sprint(len(purposes))
	}
	err := fmt.Errorf("%s: %d arguments were given; it takes %s: %s", name, len(args), takes, strings.Join(purposes, ", "))
	if len(args) < len(purposes) {
		err = fmt.Errorf("%s: %s is missing", name, purposes[len(args)])
	}
	return &exitError{code: exitUsage, err: err, hint: "usage: " + cmd.UseLine()}
}
