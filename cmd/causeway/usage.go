package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"causeway/internal/evidence"
)

// explainUsage makes every command of a tree name what it accepts when it refuses an argument or a flag.
func explainUsage(root *cobra.Command) {
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	eachCommand(root, func(cmd *cobra.Command) {
		if cmd.HasSubCommands() {
			cmd.Args, cmd.SuggestionsMinimumDistance = knownCommand, 2
		}
	})
}

func eachCommand(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, c := range cmd.Commands() {
		eachCommand(c, f)
	}
}

// knownCommand is for commands that hold others: an argument is an unknown command.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	exit := &exitError{code: exitUsage, err: fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		exit.hint = "did you mean " + cmd.CommandPath() + " " + strings.Join(near, " or ") + "?"
	}
	return exit
}

// noArguments is for commands that take flags alone.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &exitError{code: exitUsage, err: fmt.Errorf("%s takes only flags, not %q", cmd.CommandPath(), args[0])}
}

// noDocument is noArguments for serve, where the argument is most likely the document.
func noDocument(cmd *cobra.Command, args []string) error {
	err := noArguments(cmd, args)
	var exit *exitError
	if errors.As(err, &exit) {
		exit.hint = cmd.CommandPath() + " --config " + evidence.Printable(args[0])
	}
	return err
}

// flagError names what the flag takes, instead of the function that failed to parse the value.
func flagError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	flag := invalid.GetFlag()
	return fmt.Errorf("invalid argument %q for --%s: it takes %s", invalid.GetValue(), flag.Name, wanted(flag.Value))
}

// wanted is what a flag takes.
func wanted(value pflag.Value) string {
	if c, ok := value.(*choice); ok {
		return "one of " + strings.Join(c.words, ", ")
	}
	switch value.Type() {
	case "duration":
		return "a duration such as 30s, 500ms or 1m30s"
	case "int", "int64":
		return "a whole number"
	case "bool":
		return "true or false"
	case "float64":
		return "a number"
	}
	return "a " + value.Type()
}
