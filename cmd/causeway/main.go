// Command causeway runs an application gateway from an Azure Application Gateway's own configuration and names the cause
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
	exitProblems = 1 // problems were found: an invalid document, a finding
	exitUsage    = 2 // wrong usage
	exitFailed   = 3 // could not run
)

// exitError ends the process with a code. Its hint says what to do next. Without an err nothing more is printed, because
// the output of the command is the message.
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

// run is the whole program except for the process around it.
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
	// Errors of cobra itself are always wrong usage.
	exit := &exitError{code: exitUsage, err: err}
	ours := errors.As(err, &exit)
	if exit.code == exitUsage && exit.hint == "" {
		exit.hint = "see " + cmd.CommandPath() + " --help"
	}
	if exit.err != nil {
		text := exit.Error()
		if ours { // one line with names of files; errors of cobra quote them
			text = evidence.Printable(text)
		}
		fmt.Fprintf(stderr, "causeway: %s\n", text)
	}
	if exit.hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", strings.ReplaceAll(exit.hint, "\n", "\n      "))
	}
	return exit.code
}

// Groups of commands, in the order of the help.
var groups = []*cobra.Group{
	{ID: "run", Title: "Run a gateway:"},
	{ID: "diagnose", Title: "Diagnose failures:"},
	{ID: "azure", Title: "Work with Azure:"},
	{ID: "develop", Title: "Develop Causeway:"},
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:               "causeway",
		Short:             "An application gateway that names the cause of every failed request",
		Version:           versionText(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return flagsFromEnvironment(cmd) },
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddGroup(groups...)
	addGroup(root, "run", serveCommand(), configCommand(), instancesCommand(), startCommand(), stopCommand(), upgradeCommand(),
		healthCommand(), logsCommand(), backupCommand(), restoreCommand(), clusterCommand(), apiCommand(),
		portalCommand())
	addGroup(root, "diagnose", diagnoseCommand(), explainCommand(), troubleshootCommand(), capacityCommand(), causesCommand())
	addGroup(root, "azure", collectCommand(), redactCommand(), migrateCommand())
	addGroup(root, "develop", labCommand())
	root.AddCommand(versionCommand(), instanceCommand())
	describe(root)
	completionCommand(root)
	explainUsage(root)
	return root
}

func addGroup(root *cobra.Command, id string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = id
	}
	root.AddCommand(commands...)
}

// completionCommand makes cobra's own command refuse an unknown shell, as any other group does.
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

// group makes a command that only holds others. Alone it prints its help; an unknown argument is wrong usage.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short,
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
		name := variable(f.Name)
		value := os.Getenv(name)
		if f.Changed || value == "" || failed != nil || f.Name == "help" || f.Name == "version" {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			failed = fmt.Errorf("read the environment variable %s: %w", name, flagError(err))
		}
	})
	return failed
}

// variable is the environment variable of a flag.
func variable(flag string) string {
	return "CAUSEWAY_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
