package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/admin"
	"causeway/internal/evidence"
	"causeway/internal/store"
	"causeway/internal/supervisor"
)

func configHistoryCommand() *cobra.Command {
	var data, output string
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List the changes of the configuration: who, when, what",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := admin.NewClient(supervisor.Socket(data)).History()
			if err != nil {
				return refused(err, data, "read the history")
			}
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), all)
			}
			return printHistory(cmd.OutOrStdout(), all)
		},
	}
	dataFlag(cmd, &data)
	outputFlag(cmd.Flags(), &output, "text", "json")
	return cmd
}

func printHistory(w io.Writer, all []store.Change) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "REVISION\tWHEN\tWHO\tWHAT\tWHY")
	for _, c := range all {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\n", c.Revision, c.When.Local().Format(time.DateTime),
			dashIfEmpty(evidence.Printable(c.Who)), dashIfEmpty(whatChanged(c.Keys)), dashIfEmpty(evidence.Printable(c.Note)))
	}
	return t.Flush()
}

// whatChanged names a few of the parts that a change wrote.
func whatChanged(keys []string) string {
	const few = 2
	names := make([]string, 0, few)
	for _, k := range keys[:min(few, len(keys))] {
		names = append(names, evidence.Printable(strings.TrimPrefix(k, "child/")))
	}
	if n := len(keys) - few; n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(names, ", ")
}

func configRollbackCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "rollback REVISION",
		Short: "Serve the configuration of an earlier revision again",
		Args:  argument("a revision that causeway config history lists"),
		RunE: func(cmd *cobra.Command, args []string) error {
			revision, err := readRevision(args[0])
			if err != nil {
				return err
			}
			client := admin.NewClient(supervisor.Socket(data))
			problems, err := client.Rollback(cmd.Context(), revision)
			writeProblems(cmd.ErrOrStderr(), problems)
			if err != nil {
				return refused(err, data, "nothing was changed")
			}
			now, _ := client.Status()
			return writeLine(cmd.OutOrStdout(), rolledBack(revision, now))
		},
	}
	dataFlag(cmd, &data)
	return cmd
}

func rolledBack(revision int64, now admin.Status) string {
	if now.Stopped {
		return fmt.Sprintf("revision %d is in force again, as a new one", revision) + whileStopped(now)
	}
	return fmt.Sprintf("revision %d is served again, as a new one", revision)
}

func readRevision(text string) (int64, error) {
	revision, err := strconv.ParseInt(text, 10, 64)
	if err != nil || revision < 1 {
		return 0, &exitError{
			code: exitUsage, err: fmt.Errorf("%q is no revision", text), hint: "causeway config history lists them: 1, 2, 3",
		}
	}
	return revision, nil
}

// refused is the error of a gateway that was asked for something.
func refused(err error, data, what string) error {
	if errors.Is(err, admin.ErrNotRunning) {
		return notRunning(err, data)
	}
	return &exitError{code: exitProblems, err: fmt.Errorf("%s: %w", what, err), hint: admin.HintOf(err)}
}
