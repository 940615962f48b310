// Command causeway runs an application gateway from an Azure Application Gateway's own configuration and tells the cause
// of every failed request.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"causeway/internal/evidence"
)

// Exit codes. They are part of the command line's contract.
const (
	exitBadNews = 1 // the answer is bad news: an invalid document, a finding
	exitUsage   = 2 // used wrongly
	exitFailed  = 3 // could not run
)

// exitError ends the process with a code. Its hint says what to do next; without an err nothing more is printed, because
// the command has said it all.
type exitError struct {
	code int
	err  error
	hint string
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the whole program but for the process around it.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteC()
	if err == nil {
		return 0
	}
	// What cobra itself refuses is always the way that it was called.
	exit := &exitError{code: exitUsage, err: err}
	ours := errors.As(err, &exit)
	if exit.code == exitUsage && exit.hint == "" {
		exit.hint = "see " + cmd.CommandPath() + " --help"
	}
	if exit.err != nil {
		text := exit.Error()
		if ours { // of one line, in which names of files stand; cobra's own quote them
			text = evidence.Printable(text)
		}
		fmt.Fprintf(stderr, "causeway: %s\n", text)
	}
	if exit.hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", strings.ReplaceAll(exit.hint, "\n", "\n      "))
	}
	return exit.code
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:               "causeway",
		Short:             "An application gateway that tells the cause of every failed request",
		Long:              "Causeway takes the configuration of an Azure Application Gateway, behaves like it, and tells the cause of every\nfailed request. A flag may also be given as an environment variable: --local is CAUSEWAY_LOCAL.",
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return flagsFromEnvironment(cmd) },
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(serveCommand(), configCommand(), healthCommand(), logsCommand(), diagnoseCommand(), explainCommand(), capacityCommand(), troubleshootCommand(), collectCommand(), causesCommand(), labCommand(), migrateCommand(), versionCommand())
	completionCommand(root)
	explainUsage(root)
	return root
}

// completionCommand makes cobra's own command one that a shell it does not know is refused by, as any other group.
func completionCommand(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	cmd, _, err := root.Find([]string{"completion"})
	if err != nil {
		return
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.Example = "  causeway completion bash > /etc/bash_completion.d/causeway"
	for _, shell := range cmd.Commands() {
		shell.Example = "  causeway completion " + shell.Name()
	}
}

// group makes a command that only holds others: alone it prints its help, with anything unknown it is used wrongly.
func group(use, short, example string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(commands...)
	return cmd
}

// flagsFromEnvironment sets every flag that the command line leaves alone from CAUSEWAY_NAME, dashes as underscores.
// An empty variable counts as none.
func flagsFromEnvironment(cmd *cobra.Command) error {
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := "CAUSEWAY_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := os.Getenv(name)
		if f.Changed || value == "" || failed != nil {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			failed = fmt.Errorf("read the environment variable %s: %w", name, flagError(err))
		}
	})
	return failed
}
