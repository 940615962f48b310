package main

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Every command of ours has a text and examples, and every file in help belongs to a command.
func TestHelpTexts(t *testing.T) {
	files := map[string]bool{}
	names, err := fs.Glob(helpTexts, "help/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		files[strings.TrimSuffix(strings.TrimPrefix(name, "help/"), ".txt")] = true
	}
	eachCommand(rootCommand(), func(cmd *cobra.Command) {
		name := helpName(cmd)
		if strings.HasPrefix(name, "completion") {
			return
		}
		if long, examples := helpText(cmd); long == "" || !strings.Contains(examples, cmd.CommandPath()) {
			t.Errorf("help/%s.txt lacks a text or an example of %s", name, cmd.CommandPath())
		}
		delete(files, name)
	})
	for name := range files {
		t.Errorf("help/%s.txt belongs to no command", name)
	}
}

// A flag's default stands where pflag prints it, and in no text.
func TestNoDefaultInProse(t *testing.T) {
	eachCommand(rootCommand(), func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if strings.Contains(f.Usage, "(default") {
				t.Errorf("%s --%s: %s", cmd.CommandPath(), f.Name, f.Usage)
			}
		})
	})
}
