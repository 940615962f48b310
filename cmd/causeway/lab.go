package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"causeway/internal/lab"
	"causeway/internal/lab/scenarios"
	"causeway/internal/lab/stage"
	"causeway/internal/report"
)

func labCommand() *cobra.Command {
	return group("lab", "Rehearse failures whose cause is known",
		labListCommand(), labRunCommand(), labAccuracyCommand(), labDemoCommand(), labExperimentCommand())
}

func labListCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the scenarios",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listScenarios(cmd.OutOrStdout(), output)
		},
	}
	outputFlag(cmd.Flags(), &output, "text", "json")
	return cmd
}

// listed is what `lab list -o json` prints for each scenario.
type listed struct {
	Name    string        `json:"name"`
	Truth   []stage.Truth `json:"truth"`
	Seconds float64       `json:"seconds"`
	Story   string        `json:"story"`
}

func listScenarios(w io.Writer, output string) error {
	var all []listed
	for _, s := range scenarios.Scenarios() {
		all = append(all, listed{s.Name, append([]stage.Truth{}, s.Truth...), s.Lasts.Seconds(), s.Story})
	}
	if output == "json" {
		return printJSON(w, all)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tTRUTH\tLASTS\tSTORY")
	for _, s := range all {
		fmt.Fprintf(t, "%s\t%s\t%.0f s\t%s\n", s.Name, truths(s.Truth), s.Seconds, s.Story)
	}
	return t.Flush()
}

func truths(all []stage.Truth) string {
	if len(all) == 0 {
		return "healthy"
	}
	var parts []string
	for _, t := range all {
		parts = append(parts, t.String())
	}
	return strings.Join(parts, ", ")
}

func labRunCommand() *cobra.Command {
	var seed uint64
	var output, keep string
	var verbose, throughNginx bool
	cmd := &cobra.Command{
		Use:   "run NAME",
		Short: "Play a scenario and compare the diagnosis with the truth",
		Args:  argument("the name of a scenario (causeway lab list)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !verbose {
				slog.SetDefault(slog.New(slog.DiscardHandler))
			}
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			if throughNginx {
				return runThroughNginx(ctx, cmd.OutOrStdout(), args[0], seed, keep)
			}
			if args[0] == "all" {
				return runEveryScenario(ctx, cmd.OutOrStdout(), seed, output)
			}
			return runScenario(ctx, cmd.OutOrStdout(), args[0], seed, keep, output)
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 1, "varies the scenario")
	outputFlag(cmd.Flags(), &output, "text", "json")
	cmd.Flags().StringVar(&keep, "keep", "", "directory to keep the evidence in")
	cmd.Flags().BoolVar(&throughNginx, "nginx", false, "nginx is the gateway, and its log is exported in Azure's forms")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "show the log of the gateway")
	return cmd
}

func untilInterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx == nil {
		ctx = context.Background()
	}
	return signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
}

func runScenario(ctx context.Context, w io.Writer, name string, seed uint64, keep, output string) error {
	s, ok := scenarios.Find(name)
	if !ok {
		return &exitError{code: exitUsage, err: fmt.Errorf("there is no scenario %q", name), hint: "causeway lab list shows the scenarios"}
	}
	if output == "text" {
		fmt.Fprintf(w, "%s: %s\ntruth: %s; about %.0f s\n", s.Name, s.Story, truths(s.Truth), s.Lasts.Seconds())
	}
	r, err := lab.Play(ctx, s, seed, keep)
	if err != nil {
		return &exitError{code: exitFailed, err: err}
	}
	if output == "json" {
		err = printJSON(w, r)
	} else {
		printResult(w, r)
	}
	if err == nil && !r.Agreed {
		return &exitError{code: exitProblems}
	}
	return err
}

func printResult(w io.Writer, r *lab.Result) {
	for _, load := range r.Loads {
		fmt.Fprintf(w, "load:  %v; half within %v, 99 %% within %v\n", load,
			load.Percentile(0.5).Round(1e6), load.Percentile(0.99).Round(1e6))
	}
	fmt.Fprintf(w, "log:   %d requests, %d failures, %d recovered, %d undetermined\n",
		r.Report.Requests, r.Report.Failures, r.Report.Recovered, r.Report.Undetermined.Failures)
	for _, f := range r.Report.Findings {
		fmt.Fprintf(w, "found: %s: %s\n", findingLine(f), f.Title)
		for _, e := range f.Evidence {
			fmt.Fprintf(w, "       · %s\n", e.Fact)
		}
	}
	fmt.Fprintln(w, outcome(r))
	fmt.Fprintf(w, "by what Azure would have exported: %s\n", exported(r))
	if r.Dir != "" {
		fmt.Fprintf(w, "the evidence is in %s; causeway diagnose %s shows the whole report\n", r.Dir, r.Dir)
	}
}

func findingLine(f report.Finding) string {
	place := ""
	if f.Scope.Member != "" {
		place = " on " + f.Scope.Member
	}
	return fmt.Sprintf("%s%s, %d failures, %d recovered, confidence %s", f.Cause, place, f.Failures, f.Recovered, f.Confidence)
}

func outcome(r *lab.Result) string {
	switch {
	case r.Agreed && r.Report.Verdict == nil && len(r.Truth) > 0:
		return "the diagnosis rightly leaves it open; possible causes: " + strings.Join(r.Report.Undetermined.Rivals, ", ")
	case r.Agreed:
		return "the diagnosis agrees with the truth"
	case r.Wrong:
		return "the diagnosis is WRONG: " + r.Why
	}
	return "the diagnosis does not name it: " + r.Why
}

// exported is the outcome from what Azure would have exported.
func exported(r *lab.Result) string {
	switch {
	case r.Azure.Wrong:
		return "WRONG: " + r.Azure.Why
	case r.Azure.Left:
		return "left open"
	case r.Azure.Agreed:
		return "the same"
	}
	return "not named: " + r.Azure.Why
}

func runEveryScenario(ctx context.Context, w io.Writer, seed uint64, output string) error {
	bad := false
	results := []*lab.Result{}
	lab.PlayAll(ctx, scenarios.Scenarios(), seed, lab.AtOnce, func(s stage.Scenario, r *lab.Result, err error) {
		bad = bad || err != nil || r.Wrong || !r.Agreed && s.Known == ""
		switch {
		case output == "json" && err == nil:
			results = append(results, r)
		case err != nil:
			fmt.Fprintf(w, "✗ %-24s %v\n", s.Name, err)
		case r.Agreed:
			fmt.Fprintf(w, "✓ %-24s %s (%d failures, %d recovered); by Azure's evidence %s\n",
				s.Name, truths(s.Truth), r.Report.Failures, r.Report.Recovered, exported(r))
		case s.Known != "" && !r.Wrong:
			fmt.Fprintf(w, "· %-24s %s: not named, which is known: %s\n", s.Name, truths(s.Truth), s.Known)
		default:
			fmt.Fprintf(w, "✗ %-24s %s\n", s.Name, outcome(r))
		}
	})
	if output == "json" {
		if err := printJSON(w, results); err != nil {
			return err
		}
	}
	if bad {
		return &exitError{code: exitProblems}
	}
	return nil
}

func labAccuracyCommand() *cobra.Command {
	var seeds int
	var first uint64
	var output string
	cmd := &cobra.Command{
		Use:   "accuracy",
		Short: "Measure how often the diagnosis is right",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if seeds < 1 {
				return &exitError{code: exitUsage, err: fmt.Errorf("--seeds %d: at least one is needed", seeds)}
			}
			slog.SetDefault(slog.New(slog.DiscardHandler))
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			return measureAccuracy(ctx, cmd, first, seeds, output)
		},
	}
	cmd.Flags().IntVar(&seeds, "seeds", 3, "how many seeds")
	cmd.Flags().Uint64Var(&first, "first", 1, "the first seed")
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write instead of standard output")
	return cmd
}

func measureAccuracy(ctx context.Context, cmd *cobra.Command, first uint64, seeds int, output string) error {
	done, all := 0, lab.Plays(scenarios.Scenarios(), first, seeds)
	a := lab.Measure(ctx, scenarios.Scenarios(), first, seeds, func(s stage.Scenario, r *lab.Result, err error) {
		if done++; ctx.Err() != nil {
			return
		}
		switch {
		case err != nil:
			fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d: %s was not played: %v\n", done, all, s.Name, err)
		case r.Wrong || r.Azure.Wrong:
			fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d: %s, seed %d: WRONG: %s %s\n", done, all, s.Name, r.Seed, r.Why, r.Azure.Why)
		case done%25 == 0:
			fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d\n", done, all)
		}
	})
	if ctx.Err() != nil {
		return &exitError{code: exitFailed, err: errors.New("interrupted; nothing was written")}
	}
	if output == "" {
		fmt.Fprint(cmd.OutOrStdout(), a.Markdown())
	} else if err := os.WriteFile(output, []byte(a.Markdown()), 0o644); err != nil {
		return &exitError{code: exitFailed, err: err}
	}
	if n := a.Misled(); n > 0 || len(a.Failed) > 0 {
		return &exitError{
			code: exitProblems,
			err:  fmt.Errorf("%d judgements are wrong and confident, %d scenarios were not played", n, len(a.Failed)),
		}
	}
	return nil
}

func labDemoCommand() *cobra.Command {
	var d lab.Demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Produce intermittent 502s, find their cause, fix it, and prove the fix",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.Out, d.Fancy = cmd.OutOrStdout(), onTerminal(cmd.OutOrStdout())
			return runDemo(cmd.Context(), &d)
		},
	}
	cmd.Flags().Uint64Var(&d.Seed, "seed", 1, "seed of the times of the requests")
	cmd.Flags().StringVar(&d.Keep, "keep", "", "directory to keep documents and logs in")
	cmd.Flags().StringVar(&d.Node, "node", "", "Node.js program; the one on PATH without it, else a server with the same limits")
	return cmd
}

func runDemo(ctx context.Context, d *lab.Demo) error {
	var err error
	if d.Program, err = os.Executable(); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("find this program's own file: %w", err)}
	}
	ctx, stop := untilInterrupted(ctx)
	defer stop()
	// A reader who leaves would end this program at once, and what it has started would be left.
	signal.Ignore(syscall.SIGPIPE)
	d.Out = &untilBroken{w: d.Out, broken: stop}
	err = d.Run(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, lab.ErrDemo):
		return &exitError{code: exitProblems, err: err, hint: "run it again with --keep DIR and look at the logs in there"}
	case ctx.Err() != nil:
		return &exitError{code: exitFailed, err: errors.New("interrupted; everything that the demo started has ended")}
	}
	return &exitError{code: exitFailed, err: err}
}

// untilBroken calls broken when its reader is gone.
type untilBroken struct {
	w      io.Writer
	broken func()
}

func (u *untilBroken) Write(p []byte) (int, error) {
	n, err := u.w.Write(p)
	if err != nil {
		u.broken()
	}
	return n, err
}

// onTerminal reports whether w is a terminal that shows colours.
func onTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
