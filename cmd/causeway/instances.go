package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/admin"
	"causeway/internal/supervisor"
)

func instancesCommand() *cobra.Command {
	var data, output string
	cmd := &cobra.Command{
		Use:   "instances",
		Short: "Show the instances of a running gateway",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			status, err := admin.NewClient(supervisor.Socket(data)).Status()
			if err != nil {
				return notRunning(err, data)
			}
			if output == "json" {
				err = printJSON(cmd.OutOrStdout(), status.Instances)
			} else {
				err = printInstances(cmd.OutOrStdout(), status, time.Now())
			}
			if err != nil {
				return &exitError{code: exitFailed, err: fmt.Errorf("write the instances: %w", err)}
			}
			return nil
		},
	}
	dataFlag(cmd, &data)
	outputFlag(cmd.Flags(), &output, "text", "json")
	return cmd
}

func printInstances(w io.Writer, status admin.Status, now time.Time) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "INSTANCE\tPID\tCONNECTIONS\tREVISION\tAGE\tRESTARTS\tVERSION")
	for _, i := range status.Instances {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s\t%d\t%s\n", i.ID, i.PID, i.Connections, i.Revision,
			now.Sub(i.Started).Round(time.Second), i.Restarts, i.Build)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, i := range status.Instances {
		if i.Problem != "" {
			if err := writeLine(w, "\n"+wrap(i.ID+" does not answer: "+i.Problem, columns(w))); err != nil {
				return err
			}
		}
	}
	return nil
}
