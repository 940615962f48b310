package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/migrate"
)

// migration is what `migrate -o json` prints. The document is there unless --to has it.
type migration struct {
	Gateway   string          `json:"gateway"`
	Checklist []migrate.Item  `json:"checklist"`
	Document  json.RawMessage `json:"document,omitempty"`
}

type migrateOptions struct {
	migrate.Options
	parameters, to, output string
	force                  bool
}

func migrateCommand() *cobra.Command {
	var o migrateOptions
	cmd := &cobra.Command{
		Use:   "migrate V1.json",
		Short: "Convert the document of a v1 gateway into one of a v2 gateway",
		Args:  argument("the document of a v1 gateway"),
		RunE: func(cmd *cobra.Command, files []string) error {
			return runMigrate(cmd, files[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "file for the v2 document; standard output without it")
	f.BoolVar(&o.force, "force", false, "overwrite the file of --to")
	f.StringVar(&o.Name, "name", "", "name of the v2 gateway; that of v1 with _v2 without it")
	f.StringVar(&o.Subnet, "subnet", "", "id of the subnet of the v2 gateway; a placeholder without it")
	outputFlag(f, &o.output, "text", "json")
	parametersFlag(cmd, &o.parameters)
	return cmd
}

func runMigrate(cmd *cobra.Command, file string, o migrateOptions) error {
	v1, err := readDocument(cmd.InOrStdin(), file, o.parameters)
	if err != nil {
		return err
	}
	result, err := migrate.Convert(v1, o.Options)
	if err != nil {
		return notMigrated(cmd.ErrOrStderr(), file, err)
	}
	if o.to != "" {
		if err := writeNew(file, o.to, result.Document.JSON(), o.force); err != nil {
			return err
		}
	}
	if err := printMigration(cmd.OutOrStdout(), cmd.ErrOrStderr(), result, o); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("write the result: %w", err)}
	}
	return nil
}

func notMigrated(stderr io.Writer, file string, err error) error {
	var refused *migrate.Error
	if !errors.As(err, &refused) {
		return &exitError{code: exitFailed, err: fmt.Errorf("migrate %s: %w", file, err)}
	}
	io.WriteString(stderr, gateway.ProblemText(file+": ", refused.Problems))
	return &exitError{exitProblems, fmt.Errorf("migrate %s: %w", file, err), refused.Hint}
}

// writeNew writes a file that nobody else may read, because there may be keys in it. What is there already stays, unless
// forced; the document that was read stays in any case.
func writeNew(from, to string, data []byte, force bool) error {
	old, errOld := os.Stat(from)
	there, errThere := os.Stat(to)
	if errOld == nil && errThere == nil && os.SameFile(old, there) {
		return &exitError{exitUsage, fmt.Errorf("write %s: it is the v1 document itself", to), "give --to another file"}
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(to, flags, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &exitError{
			exitFailed, fmt.Errorf("write %s: the file exists already", to),
			"give --to another file, or --force to overwrite it",
		}
	}
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return &exitError{exitFailed, fmt.Errorf("write the v2 document: %w", err), "check the name and that you may write there"}
	}
	return nil
}

func printMigration(stdout, stderr io.Writer, result *migrate.Result, o migrateOptions) error {
	if o.output == "json" {
		out := migration{Gateway: result.Name, Checklist: result.Checklist}
		if o.to == "" {
			out.Document = result.Document.JSON()
		}
		return printJSON(stdout, out)
	}
	list := stdout
	if o.to == "" {
		if _, err := stdout.Write(result.Document.JSON()); err != nil {
			return err
		}
		list = stderr
	}
	return printChecklist(list, result, o.to)
}

func printChecklist(w io.Writer, result *migrate.Result, to string) error {
	var b strings.Builder
	counts := map[migrate.Severity]int{}
	for _, item := range result.Checklist {
		counts[item.Severity]++
		fmt.Fprintf(&b, "%s: %s\n", item.Severity, evidence.Printable(item.What))
		if item.Path != "" {
			fmt.Fprintf(&b, "  at:  %s\n", evidence.Printable(item.Path))
		}
		fmt.Fprintf(&b, "  why: %s\n  do:  %s\n", evidence.Printable(item.Why), evidence.Printable(item.Do))
	}
	fmt.Fprintf(&b, "%s: %d must do, %d check, %d info",
		evidence.Printable(result.Name), counts[migrate.Must], counts[migrate.Check], counts[migrate.Info])
	if to != "" {
		fmt.Fprintf(&b, "; the document is in %s", evidence.Printable(to))
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}
