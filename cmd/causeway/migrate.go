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
		Short: "Turn the document of a v1 gateway into one of a v2 gateway",
		Long: "Turn the document of a v1 gateway (tiers Standard and WAF) into one of a v2 gateway, and list what changes and what has to\n" +
			"be done. With --to the document goes to a file and the checklist to standard output; without, the document goes to\n" +
			"standard output and the checklist to standard error. -o json prints one object with the checklist, and with the\n" +
			"document unless --to has it. V1.json - is standard input. The document holds the private keys that V1.json holds.",
		Example: "  causeway migrate v1.json --to v2.json\n" +
			"  causeway migrate v1.json --to v2.json --name shop-gw --subnet /subscriptions/…/virtualNetworks/web/subnets/gateway-v2",
		Args: argument("the document of a v1 gateway"),
		RunE: func(cmd *cobra.Command, files []string) error {
			if err := oneOf("-o", o.output, "text", "json"); err != nil {
				return err
			}
			return runMigrate(cmd, files[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "file for the v2 document (default standard output)")
	f.BoolVar(&o.force, "force", false, "overwrite the file of --to")
	f.StringVar(&o.Name, "name", "", "name of the v2 gateway (default that of v1 with _v2)")
	f.StringVar(&o.Subnet, "subnet", "", "id of the subnet of the v2 gateway (default a placeholder)")
	f.StringVarP(&o.output, "output", "o", "text", "text or json")
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
	return &exitError{exitBadNews, fmt.Errorf("migrate %s: %w", file, err), refused.Hint}
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
		return &exitError{exitFailed, fmt.Errorf("write %s: the file is there already", to), "give --to another file, or --force to overwrite it"}
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
	fmt.Fprintf(&b, "%s: %d must do, %d check, %d info", evidence.Printable(result.Name), counts[migrate.Must], counts[migrate.Check], counts[migrate.Info])
	if to != "" {
		fmt.Fprintf(&b, "; the document is in %s", evidence.Printable(to))
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}
