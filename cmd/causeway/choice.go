package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// choice is the value of a flag that takes one of a few words. It checks the word, and lists the words in help and
// completion.
type choice struct {
	value *string
	words []string
}

// String is the word that was chosen.
func (c *choice) String() string { return *c.value }

// Type is how help names the value: the words with bars between them.
func (c *choice) Type() string { return strings.Join(c.words, "|") }

// Set chooses a word. It returns an error if the flag does not take it.
func (c *choice) Set(word string) error {
	if !slices.Contains(c.words, word) {
		return fmt.Errorf("it must be one of %s", strings.Join(c.words, ", "))
	}
	*c.value = word
	return nil
}

// choiceFlag adds a flag that takes one of words, the first by default.
func choiceFlag(flags *pflag.FlagSet, into *string, name, short, usage string, words ...string) {
	*into = words[0]
	flags.VarP(&choice{into, words}, name, short, usage)
}

// outputFlag adds -o, the form of the output.
func outputFlag(flags *pflag.FlagSet, into *string, forms ...string) {
	choiceFlag(flags, into, "output", "o", "form of the output", forms...)
}

// completeChoices lets the shell complete the words of every flag of a command that takes a choice.
func completeChoices(cmd *cobra.Command) {
	complete := func(f *pflag.Flag) {
		if c, ok := f.Value.(*choice); ok {
			// The only error is that the flag has a completion already: the flag of a parent.
			_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(c.words, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	cmd.Flags().VisitAll(complete)
	cmd.PersistentFlags().VisitAll(complete)
}
