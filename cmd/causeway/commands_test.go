package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:generate go test -run ^TestCommandsPage$ . -update

var update = flag.Bool("update", false, "write docs/commands.md anew")

// TestCommandsPage checks that docs/commands.md says what the commands say. -update writes it.
func TestCommandsPage(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "~/.local/state")
	path := filepath.Join("..", "..", "docs", "commands.md")
	want := commandsPage(rootCommand())
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/commands.md is not current: make generate writes it anew")
	}
}

// commandsPage is the reference of all commands as Markdown, in the groups of the help.
func commandsPage(root *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Commands\n\nWritten by `make generate` from the commands' own help; do not edit. "+
		"How to operate a gateway is in [operations.md](operations.md).\n\n%s\n\n", root.Long)
	b.WriteString("| | |\n|---|---|\n")
	for _, c := range inGroups(root) {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", c.CommandPath(), anchor(c), c.Short)
	}
	for _, c := range inGroups(root) {
		eachCommand(c, func(cmd *cobra.Command) { commandSection(&b, cmd) })
	}
	return b.String()
}

// inGroups are the commands of the root that are ours, in the order of the groups.
func inGroups(root *cobra.Command) (out []*cobra.Command) {
	for _, g := range append(root.Groups(), &cobra.Group{}) {
		for _, c := range root.Commands() {
			if c.GroupID == g.ID && c.Name() != "help" && c.Name() != "completion" {
				out = append(out, c)
			}
		}
	}
	return out
}

func commandSection(b *strings.Builder, c *cobra.Command) {
	level := strings.Repeat("#", 1+len(strings.Fields(c.CommandPath()))-1)
	fmt.Fprintf(b, "\n%s %s\n\n%s\n\n```\n%s\n```\n", level, c.CommandPath(), escaper.Replace(c.Long), c.UseLine())
	if flags := flagRows(c); flags != "" {
		fmt.Fprintf(b, "\n| flag | default | |\n|---|---|---|\n%s", flags)
	}
	if c.Example != "" {
		fmt.Fprintf(b, "\n```\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(c.Example, "  "), "\n  ", "\n"))
	}
}

func flagRows(c *cobra.Command) string {
	var b strings.Builder
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := strings.TrimSpace("--" + f.Name + " " + kind)
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		value := f.DefValue
		if value == "[]" || value == "false" || value == "0" {
			value = ""
		}
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(name, "|", `\|`), value, escaper.Replace(usage))
	})
	return b.String()
}

// escaper keeps text from being read as Markdown.
var escaper = strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;", "_", `\_`)

func anchor(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }
