package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"causeway/cause"
)

func causesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "causes",
		Short:   "List the causes that a diagnosis can name",
		Example: "  causeway causes\n  causeway causes show c-idle-race",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, c := range cause.All() {
				fmt.Fprintf(cmd.OutOrStdout(), "%-28s %s\n", c.ID, c.Title)
			}
			return nil
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "show ID",
		Short:   "Explain a cause: mechanism, evidence, rivals, fixes",
		Example: "  causeway causes show c-idle-race",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := cause.Find(args[0])
			if c == nil {
				return &exitError{code: exitUsage, err: fmt.Errorf("there is no cause %q in the catalogue", args[0]), hint: "causeway causes lists them"}
			}
			showCause(cmd.OutOrStdout(), c)
			return nil
		},
	})
	return cmd
}

func showCause(w io.Writer, c *cause.Cause) {
	fmt.Fprintf(w, "%s: %s\n\n", c.ID, c.Title)
	fmt.Fprintf(w, "What happens:   %s\n", c.Mechanism)
	fmt.Fprintf(w, "What shows it:  %s\n", c.Evidence)
	fmt.Fprintf(w, "Easily taken for: %s\nTo separate:    %s\nProved wrong by: %s\n\nFixes:\n", strings.Join(c.Rivals, ", "), c.Separate, c.Disproof)
	for _, f := range c.Fixes {
		fmt.Fprintf(w, "- on the %s: %s\n", f.Side, f.Change)
		for _, x := range [][2]string{{"causeway", f.Causeway}, {"az", f.AzCLI}, {"powershell", f.PowerShell}, {"portal", f.Portal}} {
			if x[1] != "" {
				fmt.Fprintf(w, "    %s: %s\n", x[0], x[1])
			}
		}
	}
}
