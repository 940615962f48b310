package main

import (
	"embed"
	"strings"

	"github.com/spf13/cobra"
)

// helpTexts has a file for each command, such as help/config-apply.txt: the long text, then, after a line "Examples:",
// the examples.
//
//go:embed help/*.txt
var helpTexts embed.FS

// describe gives every command of a tree its long text, its examples, and the completion of its flags.
func describe(root *cobra.Command) {
	eachCommand(root, func(cmd *cobra.Command) {
		cmd.Long, cmd.Example = helpText(cmd)
		completeChoices(cmd)
	})
}

// helpText is the long text and the examples of a command; both are empty if it has no file.
func helpText(cmd *cobra.Command) (long, examples string) {
	data, err := helpTexts.ReadFile("help/" + helpName(cmd) + ".txt")
	if err != nil {
		return "", ""
	}
	long, examples, _ = strings.Cut(string(data), "\nExamples:\n")
	return strings.TrimSpace(long), strings.TrimRight(examples, "\n")
}

// helpName is the name of a command's file: its path, without the program, with dashes.
func helpName(cmd *cobra.Command) string {
	return strings.ReplaceAll(strings.TrimPrefix(cmd.CommandPath(), "causeway "), " ", "-")
}
