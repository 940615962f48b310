package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"causeway/internal/admin"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/supervisor"
)

func healthCommand() *cobra.Command {
	var data, pool, output string
	cmd := &cobra.Command{
		Use:   "health [PATH...]",
		Short: "Show the backend health of a running gateway, or of an export",
		RunE: func(cmd *cobra.Command, paths []string) error {
			issues := instanceIssuesOf(data, len(paths) == 0 && output == "text")
			h, err := healthOf(cmd, data, paths)
			if err != nil {
				return err
			}
			if h, err = onlyPool(h, pool); err != nil {
				return err
			}
			if output == "json" {
				err = printJSON(cmd.OutOrStdout(), h)
			} else {
				err = printHealth(cmd.OutOrStdout(), h)
			}
			if err == nil {
				err = printTexts(cmd.OutOrStdout(), <-issues)
			}
			if err != nil {
				return &exitError{code: exitFailed, err: fmt.Errorf("write the health: %w", err)}
			}
			if !allHealthy(h) {
				return &exitError{code: exitProblems}
			}
			return nil
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVar(&pool, "pool", "", "only this backend pool")
	outputFlag(cmd.Flags(), &output, "text", "json")
	return cmd
}

// healthOf asks the gateway on a data directory, or reads evidence at hand.
func healthOf(cmd *cobra.Command, data string, paths []string) (gateway.Health, error) {
	if len(paths) == 0 {
		h, err := admin.NewClient(supervisor.Socket(data)).Health()
		if err != nil {
			return h, notRunning(err, data)
		}
		return h, nil
	}
	bundle, err := gatherSome(cmd, false, "", paths)
	if err != nil {
		return gateway.Health{}, err
	}
	defer bundle.Close()
	printUnread(cmd.ErrOrStderr(), bundle)
	if bundle.Health == nil {
		return gateway.Health{}, &exitError{
			code: exitFailed, err: fmt.Errorf("health: there is no report of backend health in %s", strings.Join(paths, ", ")),
			hint: "az network application-gateway show-backend-health -g GROUP -n GATEWAY -o json > health.json; causeway diagnose reads the other evidence",
		}
	}
	return *bundle.Health, nil
}

func onlyPool(h gateway.Health, pool string) (gateway.Health, error) {
	if pool == "" {
		return h, nil
	}
	for _, p := range h.Pools {
		if strings.EqualFold(lastSegment(p.Pool.ID), pool) {
			return gateway.Health{Pools: []gateway.PoolHealth{p}, Unserved: h.Unserved}, nil
		}
	}
	return h, &exitError{
		code: exitUsage, err: fmt.Errorf("--pool %s: no rule uses a pool of this name", pool),
		hint: "causeway health without --pool lists all",
	}
}

func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

func allHealthy(h gateway.Health) bool {
	healthy := true
	eachServer(h, func(_, _ string, s gateway.ServerHealth) { healthy = healthy && s.Health == "Up" })
	return healthy
}

func eachServer(h gateway.Health, f func(pool, settings string, s gateway.ServerHealth)) {
	for _, p := range h.Pools {
		for _, s := range p.Settings {
			for _, server := range s.Servers {
				f(lastSegment(p.Pool.ID), lastSegment(s.Settings.ID), server)
			}
		}
	}
}

func printHealth(w io.Writer, h gateway.Health) error {
	for _, u := range h.Unserved {
		if err := writeLine(w, "NOT PROTECTED: "+wrap(u.String(), columns(w))); err != nil {
			return err
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "POOL\tSETTINGS\tMEMBER\tADDRESS\tHEALTH\tSINCE")
	var sick memberIssues
	eachServer(h, func(pool, settings string, s gateway.ServerHealth) {
		dial, since, health := "", "", s.Health
		if x := s.Causeway; x != nil {
			dial, since = x.Dial, x.Since
			if x.Failures > 0 && health == "Up" {
				health += ", " + count(x.Failures, "probe") + " failed"
			}
			if x.HeldUntil != "" {
				health += ", held back"
			}
			if x.Unjudged != "" {
				health += ", unjudged since " + x.Unjudged
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", evidence.Printable(pool), evidence.Printable(settings),
			evidence.Printable(s.Address), evidence.Printable(dashIfEmpty(dial)), health, dashIfEmpty(since))
		if health != "Up" {
			sick.add(s.Address+" ("+settings+")", dial, s.Detail)
		}
	})
	if err := t.Flush(); err != nil {
		return err
	}
	for _, a := range sick {
		if err := writeLine(w, "\n"+wrap(strings.Join(a.members, ", ")+": "+a.text(), columns(w))); err != nil {
			return err
		}
	}
	if len(h.Pools) == 0 {
		return writeLine(w, "No rule sends requests to a pool.")
	}
	return nil
}

// instanceIssuesOf asks the gateway on a data directory what is wrong with its instances, while others ask for more: an instance that does
// not answer costs each of them a second. Without wanted, and from a gateway that does not tell, the list is empty.
func instanceIssuesOf(data string, wanted bool) <-chan []string {
	issues := make(chan []string, 1)
	if !wanted {
		issues <- nil
		return issues
	}
	client := admin.NewClient(supervisor.Socket(data))
	machine := make(chan []string, 1)
	go func() {
		m, err := client.Machine()
		if err != nil {
			machine <- nil
			return
		}
		machine <- instanceIssues(&m)
	}()
	go func() {
		status, err := client.Status()
		if err != nil {
			status = admin.Status{}
		}
		issues <- slices.Concat(silentInstances(&status), absent(&status, time.Now()), lagging(&status), <-machine)
	}()
	return issues
}

// silentInstances names the instances that do not answer.
func silentInstances(status *admin.Status) (texts []string) {
	for i := range status.Instances {
		if x := &status.Instances[i]; x.Problem != "" {
			texts = append(texts, "Instance "+x.Trouble()+".")
		}
	}
	return texts
}

// lagging says why the node may not serve the newest configuration.
func lagging(status *admin.Status) (texts []string) {
	for _, why := range status.Lagging {
		texts = append(texts, "Lagging: "+why)
	}
	return texts
}

// instanceIssues are budgets that are not held, and instances that die again and again.
func instanceIssues(m *evidence.Machine) (texts []string) {
	if b := m.Budget; b != nil && !(b.CPUHeld && b.MemoryHeld) {
		texts = append(texts, "Budgets of instances: "+b.Text())
	}
	for i := range m.Instances {
		if x := &m.Instances[i]; x.CrashLoop {
			texts = append(texts, fmt.Sprintf("Instance %d dies again and again, with %s so far. causeway diagnose --live says how it ends.",
				x.Number, count(x.Restarts, "restart")))
		}
	}
	return texts
}

// memberIssues are the members that are not healthy, grouped by their detail.
type memberIssues []memberIssue

type memberIssue struct {
	first   string // detail of the first member
	shared  string // the same without its address
	members []string
}

func (l *memberIssues) add(member, address, text string) {
	shared := text
	if address != "" {
		shared = strings.ReplaceAll(text, address, "its address")
	}
	for i := range *l {
		if a := &(*l)[i]; a.shared == shared {
			a.members = append(a.members, member)
			return
		}
	}
	*l = append(*l, memberIssue{text, shared, []string{member}})
}

// text is the detail that all members share.
func (a *memberIssue) text() string {
	if len(a.members) == 1 {
		return a.first
	}
	return a.shared
}

// wrap breaks text between words into lines of at most width characters; a longer word has a line of its own.
func wrap(text string, width int) string {
	var b strings.Builder
	used := 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case used == 0:
		case used+1+n > width:
			b.WriteByte('\n')
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String()
}

func writeLine(w io.Writer, s string) error {
	_, err := fmt.Fprintln(w, s)
	return err
}

func dashIfEmpty(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
