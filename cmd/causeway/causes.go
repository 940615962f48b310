package main

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/cause"
	"causeway/internal/diagnose"
)

func causesCommand() *cobra.Command {
	var output, group string
	cmd := &cobra.Command{
		Use:   "causes",
		Short: "List the catalogue of causes of failed requests",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := knownGroup(group); err != nil {
				return err
			}
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), shownCauses(causesOf(group)))
			}
			listCauses(cmd.OutOrStdout(), group)
			return nil
		},
	}
	outputFlag(cmd.PersistentFlags(), &output, "text", "json")
	cmd.Flags().StringVar(&group, "group", "", "only the causes of a group: a to k")
	cmd.AddCommand(showCauseCommand(&output))
	return cmd
}

func showCauseCommand(output *string) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Explain a cause: mechanism, evidence, rivals, fixes",
		Args:  argument("the id of a cause (causeway causes lists them)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := cause.Find(args[0])
			if c == nil {
				return &exitError{
					code: exitUsage, err: fmt.Errorf("there is no cause %q in the catalogue", args[0]),
					hint: fmt.Sprintf("did you mean %s? causeway causes lists them all", cause.Nearest(args[0])),
				}
			}
			shown := shownCauses([]cause.Cause{*c})[0]
			if *output == "json" {
				return printJSON(cmd.OutOrStdout(), shown)
			}
			printCause(cmd.OutOrStdout(), c, &shown)
			return nil
		},
	}
}

func knownGroup(letter string) error {
	if letter == "" {
		return nil
	}
	var known []string
	for _, g := range cause.Groups() {
		if g.Letter == letter {
			return nil
		}
		known = append(known, g.Letter+" ("+g.Title+")")
	}
	return &exitError{
		code: exitUsage, err: fmt.Errorf("there is no group %q of causes", letter),
		hint: "the groups are " + strings.Join(known, ", "),
	}
}

// causesOf are the causes of a group; all without one.
func causesOf(letter string) []cause.Cause {
	var out []cause.Cause
	for _, c := range cause.All() {
		if letter == "" || c.Group().Letter == letter {
			out = append(out, c)
		}
	}
	return out
}

func listCauses(w io.Writer, letter string) {
	before := ""
	for _, c := range causesOf(letter) {
		if g := c.Group(); g.Letter != before {
			if before != "" {
				fmt.Fprintln(w)
			}
			fmt.Fprintf(w, "%s: %s\n", g.Letter, g.Title)
			before = g.Letter
		}
		fmt.Fprintf(w, "  %-34s %s\n", c.ID, c.Title)
	}
}

// shownCause is what `causes -o json` prints for each cause.
type shownCause struct {
	ID         string                `json:"id"`
	Group      string                `json:"group"`
	Title      string                `json:"title"`
	Confidence shownConfidence       `json:"confidence"`
	Mechanism  string                `json:"mechanism"`
	Evidence   string                `json:"evidence"`
	Rivals     []string              `json:"rivals"`
	Separate   string                `json:"test"`
	Disproof   string                `json:"disprovedBy"`
	Fixes      []shownFix            `json:"fixes"`
	Servers    []shownServerDefaults `json:"serverDefaults,omitempty"`
}

// shownConfidence is H, M, L or - for each source of evidence.
type shownConfidence struct {
	Azure cause.Confidence `json:"azure"`
	Trace cause.Confidence `json:"trace"`
}

type shownFix struct {
	Side       string `json:"side"`
	Change     string `json:"change"`
	AzCLI      string `json:"azCli,omitempty"`
	PowerShell string `json:"powershell,omitempty"`
	Portal     string `json:"portal,omitempty"`
	Causeway   string `json:"causeway,omitempty"`
}

// shownServerDefaults are times in seconds; a band is "8.4 to 12 s".
type shownServerDefaults struct {
	Server   string `json:"server"`
	Version  string `json:"version,omitempty"` // that was measured
	Idle     string `json:"idle,omitempty"`
	Announce string `json:"announces,omitempty"`
	Requests int    `json:"requests,omitempty"` // on a connection
	AtOnce   bool   `json:"closesAtOnce,omitempty"`
	Drain    string `json:"drain,omitempty"`
	Mute     int    `json:"muteFromKiB,omitempty"` // of request head
	Note     string `json:"note,omitempty"`
}

func shownCauses(causes []cause.Cause) []shownCause {
	out := make([]shownCause, 0, len(causes))
	for _, c := range causes {
		s := shownCause{
			ID: c.ID, Group: c.Group().Letter, Title: inCapitals(c.Title), Confidence: shownConfidence{c.Azure, c.Trace},
			Mechanism: inCapitals(c.Mechanism), Evidence: inCapitals(c.Evidence),
			Rivals: append([]string{}, c.Rivals...), Separate: inCapitals(c.Separate), Disproof: inCapitals(c.Disproof),
			Fixes: []shownFix{},
		}
		for _, f := range c.Fixes {
			s.Fixes = append(s.Fixes, shownFix{
				f.Side, inCapitals(f.Change), inCapitals(f.AzCLI), inCapitals(f.PowerShell), inCapitals(f.Portal), inCapitals(f.Causeway),
			})
		}
		if c.ID == "c-idle-race" {
			for _, d := range cause.ServerDefaults() {
				s.Servers = append(s.Servers, shownServerDefaults{
					d.Server, d.Version, idleText(&d), secondsText(d.Announce), d.Requests, d.AtOnce, string(d.Drain), d.Mute, d.Note,
				})
			}
		}
		out = append(out, s)
	}
	return out
}

// inCapitals writes the {names} that a finding fills in as words in capitals: {backendIdle} is BACKEND_IDLE.
func inCapitals(s string) string {
	return toFillIn.ReplaceAllStringFunc(s, func(name string) string {
		return strings.ToUpper(hump.ReplaceAllString(strings.Trim(name, "{}"), "_$0"))
	})
}

var (
	toFillIn = regexp.MustCompile(`\{[a-z][a-zA-Z]*\}`)
	hump     = regexp.MustCompile(`[A-Z]`)
)

// causeWidth is in columns; commands are not wrapped, so that they can be copied.
const causeWidth = 110

func printCause(w io.Writer, c *cause.Cause, s *shownCause) {
	fmt.Fprintf(w, "%s: %s\n\n", s.ID, s.Title)
	printWrapped(w, "What happens: ", s.Mechanism)
	printWrapped(w, "Evidence: ", s.Evidence)
	printWrapped(w, "Confidence: ",
		fmt.Sprintf("from Azure's exports: %s; from Causeway's own record: %s", c.Azure.Words(), c.Trace.Words()))
	for _, t := range diagnose.Rules() {
		if t.Cause == c.ID {
			printWrapped(w, "Named when: ", fmt.Sprintf("%s (from: %s)", t.Test, t.Needs))
		}
	}
	printWrapped(w, "Disproved by: ", s.Disproof)
	fmt.Fprintln(w, "\nRivals:")
	for _, id := range c.Rivals {
		printWrapped(w, "- ", fmt.Sprintf("%s (%s)", id, inCapitals(cause.Find(id).Title)))
		if test := cause.ToSeparate(c.ID, id); test != c.Separate {
			printWrapped(w, "    to separate: ", test)
		}
	}
	printWrapped(w, "To separate: ", s.Separate)
	fmt.Fprintln(w, "\nWhat to do:")
	for i := range s.Fixes {
		printFix(w, &s.Fixes[i])
	}
	if c.ID == "c-idle-race" {
		printDefaults(w, "How long servers keep an idle connection by default:", cause.ServerDefaults())
		printDefaults(w, "How long gateways keep one to their backends by default:", cause.GatewayDefaults())
		fmt.Fprintln(w)
		printWrapped(w, "", "As a rule, let the server keep idle connections for five seconds or more longer than the gateway does.")
	}
}

func printFix(w io.Writer, f *shownFix) {
	printWrapped(w, "- on the "+f.Side+": ", f.Change)
	for _, x := range [][2]string{{"causeway", f.Causeway}, {"az", f.AzCLI}, {"powershell", f.PowerShell}, {"portal", f.Portal}} {
		if x[1] != "" {
			fmt.Fprintf(w, "    %s: %s\n", x[0], x[1])
		}
	}
}

// printWrapped writes text behind a lead; later lines stand four columns further in than the lead.
func printWrapped(w io.Writer, lead, text string) {
	indent := lead[:len(lead)-len(strings.TrimLeft(lead, " "))]
	lines := wrap(lead+text, causeWidth-len(indent)-4)
	fmt.Fprintln(w, indent+strings.ReplaceAll(lines, "\n", "\n"+indent+"    "))
}

func printDefaults(w io.Writer, title string, list []cause.ServerDefault) {
	fmt.Fprintf(w, "\n%s\n", title)
	for _, d := range list {
		lead := fmt.Sprintf("  %-40s %14s  ", d.Name(), idleText(&d))
		text := wrap(strings.Join(habits(&d), "; "), causeWidth-len(lead))
		fmt.Fprintln(w, strings.TrimRight(lead+strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", len(lead))), " "))
	}
}

// habits are what a server does besides closing idle connections.
func habits(d *cause.ServerDefault) (out []string) {
	if d.Announce > 0 {
		out = append(out, "announces "+secondsText(d.Announce))
	}
	if d.AtOnce {
		out = append(out, "closes after each answer, unannounced")
	} else if d.Requests == 1 {
		out = append(out, "closes after each answer")
	} else if d.Requests > 1 {
		out = append(out, fmt.Sprintf("%d requests on a connection", d.Requests))
	}
	if d.Drain != "" && d.Drain != cause.DrainCuts && d.Drain != cause.DrainCloses {
		out = append(out, "on SIGTERM "+string(d.Drain))
	}
	if d.Mute > 0 {
		out = append(out, fmt.Sprintf("no status for a head of %d KiB", d.Mute))
	}
	if d.Note != "" {
		out = append(out, d.Note)
	}
	return out
}

// idleText is the idle limit of a server, or its band; empty for none.
func idleText(d *cause.ServerDefault) string {
	if d.Spreads() {
		return strings.TrimSuffix(secondsText(d.Idle), " s") + " to " + secondsText(d.Last)
	}
	return secondsText(d.Idle)
}

// secondsText is a time in seconds, to the tenth; empty for none.
func secondsText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.FormatFloat(math.Round(10*d.Seconds())/10, 'f', -1, 64) + " s"
}
