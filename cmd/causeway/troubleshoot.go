package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"causeway/internal/diagnose"
	"causeway/internal/evidence"
	"causeway/internal/report"
)

func troubleshootCommand() *cobra.Command {
	var live bool
	var data, output, since, until string
	cmd := &cobra.Command{
		Use:   "troubleshoot [PATH...]",
		Short: "Search for the cause step by step",
		RunE: func(cmd *cobra.Command, paths []string) error {
			o, err := window(since, until, time.Now())
			if err != nil {
				return err
			}
			bundle := &evidence.Bundle{}
			if live || len(paths) > 0 || exists(data) {
				gather := gather
				if len(paths) > 0 {
					gather = gatherSome
				}
				if bundle, err = gather(cmd, live, data, paths); err != nil {
					return err
				}
				defer bundle.Close()
			}
			result, err := diagnose.Run(bundle, o)
			if err != nil {
				return &exitError{code: exitFailed, err: fmt.Errorf("troubleshoot: %w", err)}
			}
			printUnread(cmd.ErrOrStderr(), bundle)
			if bundle.Fruitless() {
				return nothingRead(bundle, looked(paths, data))
			}
			guide := report.GuideOf(result)
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), guide)
			}
			walk(cmd.OutOrStdout(), cmd.InOrStdin(), guide)
			return nil
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "ask the gateway that runs on --data")
	cmd.Flags().StringVar(&since, "since", "", "only requests that began at or after this time")
	cmd.Flags().StringVar(&until, "until", "", "only requests that began before this time")
	outputFlag(cmd.Flags(), &output, "text", "json")
	dataFlag(cmd, &data)
	return cmd
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// walk goes through the steps, and asks where the evidence has no answer. It ends at the first no, or at the end of the
// input.
func walk(w io.Writer, in io.Reader, g *report.Guide) {
	answers := bufio.NewReader(in)
	asking := someoneAnswers(in, answers)
	if g.Headline != "" {
		fold(w, "", g.Headline)
	}
	for i := range g.Steps {
		s := &g.Steps[i]
		fmt.Fprintln(w)
		fold(w, fmt.Sprintf("%d. ", i+1), s.Question)
		fold(w, "   ", s.Why)
		if s.Answer == report.Unknown && asking {
			asking = ask(w, answers, g, s)
		}
		switch s.Source {
		case "evidence":
			fold(w, "   ", fmt.Sprintf("%s, from the evidence: %s", s.Answer, s.Detail))
		case "you":
			fmt.Fprintf(w, "   %s, by your answer\n", s.Answer)
		default:
			fmt.Fprintf(w, "   unknown. To find out: %s\n", s.Ask) // not folded: it holds a command to copy
		}
		if s.Answer == report.No {
			printActions(w, s)
			if s.Source == "you" {
				break
			}
		}
	}
	fmt.Fprintln(w)
	fold(w, "", g.Outcome+".")
	if n := min(len(g.Rivals), report.MaxRivals); g.Verdict == nil && n > 0 {
		fold(w, "", "Possible causes: "+strings.Join(g.Rivals[:n], ", ")+
			". causeway causes show ID gives the test that separates each; causeway diagnose lists the requests.")
	}
	if g.Verdict != nil {
		fold(w, "", "causeway diagnose prints the whole report.")
	}
}

// fold writes text behind a lead, as wide as w is; later lines stand below the first.
func fold(w io.Writer, lead, text string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(lead))
	fmt.Fprintln(w, lead+strings.ReplaceAll(wrap(text, max(columns(w), 60)-len(indent)), "\n", "\n"+indent))
}

// someoneAnswers reports whether there is anything to read answers from. On a terminal there is whoever sits at it; elsewhere
// it shows by the first byte.
func someoneAnswers(in io.Reader, answers *bufio.Reader) bool {
	if f, ok := in.(*os.File); ok && terminalColumns(f) > 0 {
		return true
	}
	_, err := answers.Peek(1)
	return err == nil
}

// ask puts one question; it returns false if there is no answer to read.
func ask(w io.Writer, answers *bufio.Reader, g *report.Guide, s *report.GuideStep) bool {
	fmt.Fprintf(w, "   The evidence does not answer this. To find out: %s\n   yes, no, or Enter if you do not know: ", s.Ask)
	for {
		answer, err := answers.ReadString('\n')
		if err != nil && answer == "" {
			fmt.Fprintln(w)
			return false
		}
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "y", "yes":
			g.Reply(s.ID, report.Yes)
		case "n", "no":
			g.Reply(s.ID, report.No)
		case "":
		default:
			fmt.Fprint(w, "   Please answer yes or no, or press Enter if you do not know: ")
			continue
		}
		return true
	}
}

func printActions(w io.Writer, s *report.GuideStep) {
	for _, f := range s.Actions {
		fold(w, "   → ", fmt.Sprintf("on the %s: %s", f.Side, f.Change))
		for _, l := range f.Commands.Lines() {
			fmt.Fprintf(w, "       %s: %s\n", l.Tool, l.Command)
		}
	}
	for _, t := range s.Then {
		fold(w, "   → ", t)
	}
}
