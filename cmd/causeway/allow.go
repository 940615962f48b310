package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"causeway/internal/gateway"
)

// allowFlag lets a command take documents whose protections are not served.
func allowFlag(cmd *cobra.Command, into *[]string) {
	cmd.Flags().StringSliceVar(into, "allow-unserved", nil,
		"serve a document that asks for these protections, which Causeway does not provide: "+strings.Join(gateway.Protections(), ", "))
}

// checkAllowed refuses a name that is not a protection: a user who misspells one must not believe it allowed, or served.
func checkAllowed(names []string) error {
	for _, n := range names {
		if !slices.Contains(gateway.Protections(), n) {
			return &exitError{
				code: exitUsage, err: fmt.Errorf("--allow-unserved %s: there is no such protection", n),
				hint: "the protections are " + strings.Join(gateway.Protections(), ", "),
			}
		}
	}
	return nil
}
