package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// argument requires one argument; the error for a missing one names its purpose.
func argument(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return missing(cmd, args, what)
	}
}

// arguments requires one or more.
func arguments(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return nil
		}
		return missing(cmd, args, what)
	}
}

func missing(cmd *cobra.Command, args []string, what string) error {
	err := fmt.Errorf("%s: %d arguments were given; it takes one: %s", strings.TrimPrefix(cmd.CommandPath(), "causeway "), len(args), what)
	if len(args) == 0 {
		err = fmt.Errorf("%s: %s is missing", strings.TrimPrefix(cmd.CommandPath(), "causeway "), what)
	}
	return &exitError{code: exitUsage, err: err, hint: "usage: " + cmd.UseLine()}
}
