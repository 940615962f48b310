package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"causeway/cause"
)

func causesCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "causes",
		Short:   "List the causes that a diagnosis can name",
		Example: "  causeway causes\n  causeway causes show c-idle-race",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("-o", output, "text", "json"); err != nil {
				return err
			}
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), shownCauses(cause.All()))
			}
			for _, c := range cause.All() {
				fmt.Fprintf(cmd.OutOrStdout(), "%-28s %s\n", c.ID, c.Title)
			}
			return nil
		},
	}
	cmd.PersistentFlags().StringVarP(&output, "output", "o", "text", "text or json")
	cmd.AddCommand(&cobra.Command{
		Use:   "show ID",
		Short: "Explain a cause: mechanism, evidence, rivals, fixes",
		Long: "Explain a cause: mechanism, evidence, rivals, fixes. WORDS_IN_CAPITALS stand for what a finding fills in from the evidence:\n" +
			"names, addresses, times.",
		Example: "  causeway causes show c-idle-race",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("-o", output, "text", "json"); err != nil {
				return err
			}
			c := cause.Find(args[0])
			if c == nil {
				return &exitError{code: exitUsage, err: fmt.Errorf("there is no cause %q in the catalogue", args[0]), hint: "causeway causes lists them"}
			}
			shown := shownCauses([]cause.Cause{*c})[0]
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), shown)
			}
			printCause(cmd.OutOrStdout(), shown)
			return nil
		},
	})
	return cmd
}

// shownCause is what `causes -o json` prints for each cause.
type shownCause struct {
	ID        string     `json:"id"`
	Title     string     `json:"title"`
	Mechanism string     `json:"mechanism"`
	Evidence  string     `json:"evidence"`
	Rivals    []string   `json:"rivals"`
	Separate  string     `json:"separate"`
	Disproof  string     `json:"disproof"`
	Fixes     []shownFix `json:"fixes"`
}

type shownFix struct {
	Side       string `json:"side"`
	Change     string `json:"change"`
	AzCLI      string `json:"azCli,omitempty"`
	PowerShell string `json:"powershell,omitempty"`
	Portal     string `json:"portal,omitempty"`
	Causeway   string `json:"causeway,omitempty"`
}

func shownCauses(causes []cause.Cause) []shownCause {
	out := make([]shownCause, 0, len(causes))
	for _, c := range causes {
		s := shownCause{
			ID: c.ID, Title: inCapitals(c.Title), Mechanism: inCapitals(c.Mechanism), Evidence: inCapitals(c.Evidence),
			Rivals: append([]string{}, c.Rivals...), Separate: inCapitals(c.Separate), Disproof: inCapitals(c.Disproof), Fixes: []shownFix{},
		}
		for _, f := range c.Fixes {
			s.Fixes = append(s.Fixes, shownFix{
				f.Side, inCapitals(f.Change), inCapitals(f.AzCLI), inCapitals(f.PowerShell), inCapitals(f.Portal), inCapitals(f.Causeway),
			})
		}
		out = append(out, s)
	}
	return out
}

// inCapitals writes the {names} that a finding fills in as words in capitals: {backendIdle} is BACKEND_IDLE.
func inCapitals(s string) string {
	humps := regexp.MustCompile(`[A-Z]`)
	return regexp.MustCompile(`\{[a-z][a-zA-Z]*\}`).ReplaceAllStringFunc(s, func(name string) string {
		return strings.ToUpper(humps.ReplaceAllString(strings.Trim(name, "{}"), "_$0"))
	})
}

func printCause(w io.Writer, c shownCause) {
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
