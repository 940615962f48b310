package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/admin"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/supervisor"
)

func instancesCommand() *cobra.Command {
	var data, output string
	cmd := &cobra.Command{
		Use:   "instances",
		Short: "Show the instances of a running gateway",
		Args:  noArguments,
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
	if status.Stopped {
		return writeLine(w, "The gateway is stopped: causeway start starts it.")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "INSTANCE\tPID\tSIZE\tCPU\tTHROTTLED\tMEMORY\tCONNECTIONS\tREVISION\tAGE\tRESTARTS\tVERSION")
	for _, i := range status.Instances {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%d\t%s\n", i.ID, i.PID, i.SizeName,
			percent(i.CPUUsed)+" of "+gateway.CPUText(i.Size.CPU), percent(i.Throttled),
			gateway.MemoryText(i.MemoryUsed)+" of "+gateway.MemoryText(i.Size.Memory), i.Connections, i.Revision,
			now.Sub(i.Started).Round(time.Second), i.Restarts, i.Build)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if err := printTexts(w, silentInstances(&status)); err != nil {
		return err
	}
	if err := printNodes(w, status, now); err != nil {
		return err
	}
	if err := printTexts(w, slices.Concat(absent(&status, now), lagging(&status))); err != nil {
		return err
	}
	if status.Unheld != "" {
		return writeLine(w, "\n"+wrap("Budgets: "+status.Unheld, columns(w)))
	}
	return nil
}

// printTexts writes paragraphs.
func printTexts(w io.Writer, texts []string) error {
	for _, text := range texts {
		if err := writeLine(w, "\n"+wrap(text, columns(w))); err != nil {
			return err
		}
	}
	return nil
}

// printNodes lists the nodes of a cluster, and what each says of itself.
func printNodes(w io.Writer, status admin.Status, now time.Time) error {
	if status.Node == "" {
		return nil
	}
	if err := writeLine(w, ""); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NODE\tINSTANCES\tREVISION\tAGE\tVERSION\tPROBLEM")
	for _, n := range status.Nodes {
		name, problem := n.Name, "-"
		if name == status.Node {
			name += " (this one)"
		}
		if len(n.Faults) > 0 {
			problem = n.Faults[0]
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%s\n", evidence.Printable(name), n.Instances, n.Revision,
			now.Sub(n.Started).Round(time.Second), evidence.Printable(n.Version), evidence.Printable(problem))
	}
	for _, a := range status.Away {
		fmt.Fprintf(t, "%s\t-\t-\t-\t-\t%s\n", evidence.Printable(a.Node), awayText(&a, now))
	}
	return t.Flush()
}

// awayText says since when a node is away.
func awayText(a *admin.Absence, now time.Time) string {
	if a.Since.IsZero() {
		return "away since before this supervisor looked first"
	}
	return fmt.Sprintf("away since %s (%s ago)", a.Since.UTC().Format(time.RFC3339), now.Sub(a.Since).Round(time.Second))
}

// absent says of each node that is away what that means.
func absent(status *admin.Status, now time.Time) (texts []string) {
	for i := range status.Away {
		a := &status.Away[i]
		name := evidence.Printable(a.Node)
		texts = append(texts, fmt.Sprintf("Node %s is %s: it does not run, or it reaches no quorum of the store. The others have its share "+
			"of the instances. causeway cluster remove %s, if it will not come back.", name, awayText(a, now), name))
	}
	return texts
}

// percent writes a share of something.
func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }
