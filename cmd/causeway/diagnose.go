package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/diagnose"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/process"
	"causeway/internal/report"
	"causeway/internal/supervisor"
	"causeway/internal/units"
)

// diagnosis is what the command line asks for.
type diagnosis struct {
	live                                        bool
	data, output, since, until, failOn, earlier string
	gateway                                     string
}

func diagnoseCommand() *cobra.Command {
	var d diagnosis
	cmd := &cobra.Command{
		Use:   "diagnose [PATH...]",
		Short: "Find the causes of failed requests",
		RunE: func(cmd *cobra.Command, paths []string) error {
			report, err := d.run(cmd, paths)
			if err != nil {
				return err
			}
			if err := printReport(cmd.OutOrStdout(), report, d.output); err != nil {
				return &exitError{code: exitFailed, err: fmt.Errorf("write the report: %w", err)}
			}
			return verdictExit(report, d.failOn)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&d.live, "live", false, "ask the gateway that runs on --data")
	f.StringVar(&d.data, "data", defaultData(), "data directory of the gateway")
	outputFlag(f, &d.output, "text", "json", "md", "html")
	f.StringVar(&d.gateway, "gateway", "", "name of the gateway whose records count; that of the document without it")
	f.StringVar(&d.since, "since", "", "only requests that began at or after this time")
	f.StringVar(&d.until, "until", "", "only requests that began before this time")
	choiceFlag(f, &d.failOn, "fail-on", "", "what gives exit code 1: a cause or a place with high confidence, or any failure", "never", "high", "any")
	f.StringVar(&d.earlier, "before", "", "JSON report of an earlier window, to compare with; - is standard input")
	return cmd
}

// run diagnoses, and compares the report with an earlier one if there is one.
func (d *diagnosis) run(cmd *cobra.Command, paths []string) (*report.Report, error) {
	o, err := window(d.since, d.until, time.Now())
	if err != nil {
		return nil, err
	}
	o.Gateway = d.gateway
	var before *report.Report
	if d.earlier != "" {
		if d.earlier == "-" && slices.Contains(paths, "-") {
			return nil, &exitError{
				code: exitUsage, err: errors.New("--before - and the path - both read standard input"), hint: "give one of them as a file",
			}
		}
		if before, err = earlierReport(cmd.InOrStdin(), d.earlier); err != nil {
			return nil, err
		}
	}
	bundle, err := gatherSome(cmd, d.live, d.data, paths)
	if err != nil {
		return nil, err
	}
	defer bundle.Close()
	done := showProgress(cmd.ErrOrStderr(), bundle)
	report, err := diagnose.Run(bundle, o)
	done()
	printUnread(cmd.ErrOrStderr(), bundle) // logs are read while they are diagnosed
	if err != nil {
		return nil, &exitError{code: exitFailed, err: fmt.Errorf("diagnose: %w", err)}
	}
	if bundle.Fruitless() {
		return nil, nothingRead(bundle, looked(paths, d.data))
	}
	if before != nil {
		report.Follow(before)
	}
	return report, nil
}

// gatherSome is gather where there must be some evidence: of none, "no failures" would be a lie.
func gatherSome(cmd *cobra.Command, live bool, data string, paths []string) (*evidence.Bundle, error) {
	b, err := gather(cmd, live, data, paths)
	if err != nil || !b.Empty() {
		return b, err
	}
	stderr := cmd.ErrOrStderr()
	printUnread(stderr, b)
	for _, n := range b.Notes {
		fmt.Fprintln(stderr, n)
	}
	b.Close()
	return nil, hintAtPipe(nothingRead(b, looked(paths, data)), cmd.InOrStdin(), paths)
}

// gather collects the evidence. A running gateway gives its configuration and health over the control socket; its logs
// are files either way.
func gather(cmd *cobra.Command, live bool, data string, paths []string) (*evidence.Bundle, error) {
	if live && len(paths) > 0 {
		return nil, &exitError{
			code: exitUsage, err: errors.New("--live and paths exclude each other"),
			hint: "--live diagnoses the gateway on --data",
		}
	}
	if !live {
		b, err := evidence.Open(looked(paths, data))
		if err != nil {
			return nil, hintAtPipe(&exitError{code: exitFailed, err: err, hint: evidenceHint(err, paths)}, cmd.InOrStdin(), paths)
		}
		return b, nil
	}
	return gatherLive(cmd.ErrOrStderr(), data)
}

// hintAtPipe adds how to read from a pipe, if there is one and the command line names no path.
func hintAtPipe(e *exitError, stdin io.Reader, paths []string) error {
	if len(paths) == 0 && piped(stdin) {
		e.hint = strings.TrimSpace(e.hint + "\nto read what comes through the pipe, give - as a path, as in causeway diagnose -")
	}
	return e
}

// piped reports whether there is a pipe or a file behind standard input: a terminal and the null device hold no evidence.
func piped(stdin io.Reader) bool {
	f, ok := stdin.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && (info.Mode().IsRegular() || info.Mode()&os.ModeNamedPipe != 0)
}

// evidenceHint is what to do when evidence could not be opened. Without paths it was the data directory.
func evidenceHint(err error, paths []string) string {
	switch {
	case errors.Is(err, os.ErrPermission) && len(paths) > 0:
		return mayNotHint
	case errors.Is(err, os.ErrPermission):
		return "ask as the user that owns it: a gateway's data directory is for the user that runs the gateway alone"
	case errors.Is(err, os.ErrNotExist) && len(paths) > 0:
		return "is the path right, seen from the folder you are in? It may be a file, a folder, or a pattern in quotes"
	case errors.Is(err, os.ErrNotExist):
		return "name the gateway's data directory with --data, or files to diagnose"
	}
	return ""
}

const mayNotHint = "this user may not read those files: run causeway as one who may, or change their mode (chmod +rX)"

// looked are the places of evidence when the gateway itself is not queried.
func looked(paths []string, data string) []string {
	if len(paths) == 0 {
		return []string{data}
	}
	return paths
}

func gatherLive(stderr io.Writer, data string) (*evidence.Bundle, error) {
	client := admin.NewClient(supervisor.Socket(data))
	config, err := client.Config()
	if err != nil {
		return nil, notRunning(err, data)
	}
	health, err := client.Health()
	if err != nil && admin.HintOf(err) == "" { // else the gateway runs, and no instance tells: the rest can be judged
		return nil, notRunning(err, data)
	}
	silent := err
	status, err := client.Status()
	if err != nil {
		return nil, notRunning(err, data)
	}
	if status.Lost > 0 {
		fmt.Fprintf(stderr, "%s lost because the disk did not take them; see the gateway's own log. The report lacks them.\n",
			were(status.Lost, "access-log record"))
	}
	b, err := evidence.Open(append([]string{supervisor.LogRoot(data)}, activity.Files(data)...))
	if errors.Is(err, os.ErrNotExist) { // the logs were removed; the running gateway can be judged without
		b, err = &evidence.Bundle{}, nil
	}
	if err != nil {
		return nil, &exitError{code: exitFailed, err: err, hint: evidenceHint(err, nil)}
	}
	b.Lost, b.Hung = status.Lost, hungOf(&status)
	noteNodes(stderr, b, &status)
	if m, err := client.Machine(); err == nil { // a gateway of an older version has no /machine
		b.Machine = &m
	}
	// The gateway has served no request yet.
	b.Unread = slices.DeleteFunc(b.Unread, func(u evidence.Unread) bool { return u.Reason == evidence.EmptyFolder })
	b.Take(config.Source)
	if silent == nil {
		b.Health = &health
	} else {
		b.NoHealth = &evidence.NoHealth{Why: silent.Error(), Do: admin.HintOf(silent)}
	}
	return b, nil
}

// hungOf are the instances that do not answer.
func hungOf(status *admin.Status) (out []evidence.Hung) {
	for _, x := range status.Instances {
		if x.Problem != "" {
			out = append(out, evidence.Hung{Instance: x.ID, Problem: x.Problem})
		}
	}
	return out
}

// noteNodes says that the records are those of one node of a cluster.
func noteNodes(stderr io.Writer, b *evidence.Bundle, status *admin.Status) {
	if status.Node == "" {
		return
	}
	text := "these are the requests of the node " + evidence.Printable(status.Node) + " alone"
	var others []string
	for _, n := range status.Nodes {
		if n.Name != status.Node {
			others = append(others, evidence.Printable(n.Name))
		}
	}
	if len(others) > 0 {
		text += "; ask " + strings.Join(others, ", ") + " as well"
	}
	b.Notes = append(b.Notes, text+": causeway cluster members lists all nodes")
	fmt.Fprintf(stderr, "T%s.\n", text[1:])
}

// were counts with the verb: 1 record was, 2 records were.
func were(n int64, one string) string {
	if n == 1 {
		return "1 " + one + " was"
	}
	return fmt.Sprintf("%d %ss were", n, one)
}

func notRunning(err error, data string) error {
	if hint := admin.HintOf(err); hint != "" { // it runs, and says why it does not answer this
		return &exitError{code: exitFailed, err: err, hint: hint}
	}
	if errors.Is(err, os.ErrPermission) {
		return &exitError{code: exitFailed, err: err, hint: "ask as the user that runs the gateway: its control socket is for nobody else"}
	}
	if pids := process.Beating(data); len(pids) > 0 {
		return &exitError{
			code: exitFailed,
			err: fmt.Errorf("the supervisor of this gateway is gone; %s on serving (process %s)",
				units.Count(len(pids), "instance goes", "instances go"), strings.Trim(fmt.Sprint(pids), "[]")),
			hint: "start it again with its flags from before, causeway serve --data " + evidence.Printable(data) +
				" …: it takes them over, and no request fails",
		}
	}
	return &exitError{
		code: exitFailed, err: err,
		hint: "start one with causeway serve --data " + evidence.Printable(data) + ", or name its data directory with --data",
	}
}

// window reads --since and --until.
func window(since, until string, now time.Time) (o traffic.Options, err error) {
	if o.Since, err = moment("--since", since, now); err != nil {
		return o, err
	}
	if o.Until, err = moment("--until", until, now); err != nil {
		return o, err
	}
	if !o.Since.IsZero() && !o.Until.IsZero() && !o.Since.Before(o.Until) { // nothing lies within, and nothing would be found
		return o, &exitError{
			code: exitUsage, err: fmt.Errorf("--since %s --until %s: the end is not after the beginning", since, until),
			hint: "both are times or how long ago: the half hour that ended an hour ago is --since 90m --until 60m",
		}
	}
	return o, nil
}

func moment(flag, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if days, err := strconv.Atoi(strings.TrimSuffix(s, "d")); err == nil && strings.HasSuffix(s, "d") {
		return now.AddDate(0, 0, -days), nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.Time{}, &exitError{
		code: exitUsage, err: fmt.Errorf("%s %s: this is neither a time nor a duration", flag, s),
		hint: "for example 2026-11-23T09:00:00Z, or 90m or 7d for that long ago",
	}
}

func printUnread(w io.Writer, b *evidence.Bundle) {
	listed := 0
	for _, u := range b.Unread {
		fmt.Fprintf(w, "not read: %s\n", u)
		if u.Line > 0 {
			listed += 1 + u.More
		}
	}
	if b.Bad > listed {
		fmt.Fprintf(w, "not read: %d lines in all\n", b.Bad)
	}
}

func printReport(w io.Writer, r *report.Report, output string) error {
	switch output {
	case "json":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	case "md":
		return r.Markdown(w)
	case "html":
		return r.HTML(w)
	}
	if onTerminal(w) {
		return r.ColourText(w, columns(w))
	}
	return r.Text(w, columns(w))
}

// columns is how wide the text may be: by COLUMNS, else by the terminal.
func columns(w io.Writer) int {
	n, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || n <= 0 {
		n = terminalColumns(w)
	}
	if n <= 0 {
		return usualWidth
	}
	return min(max(n, narrowest), widest)
}

// Widths of text. A line that is too long is hard to read, whatever room there is.
const (
	narrowest  = 60
	usualWidth = 100
	widest     = 120
)

func verdictExit(r *report.Report, failOn string) error {
	usual := len(r.Findings) > 0
	for _, f := range r.Findings {
		if failOn == "any" || failOn == "high" && f.Confidence == report.High && !f.Usual {
			return &exitError{code: exitProblems}
		}
		usual = usual && f.Usual
	}
	if w := r.Where; failOn == "high" && w != nil && w.Confidence == report.High && !(usual && r.Undetermined.Failures == 0) {
		return &exitError{code: exitProblems}
	}
	if failOn == "any" && r.Undetermined.Failures > 0 {
		return &exitError{code: exitProblems}
	}
	return nil
}

// dataFlag adds --data to a command that talks to a running gateway.
func dataFlag(cmd *cobra.Command, data *string) {
	cmd.Flags().StringVar(data, "data", defaultData(), "data directory of the gateway")
}

// absolute is a path that means the same in the gateway's process.
func absolute(path string) string {
	if a, err := filepath.Abs(path); err == nil {
		return a
	}
	return path
}

// nothingRead is the error for no evidence at all. It distinguishes evidence that this user may not read.
func nothingRead(b *evidence.Bundle, looked []string) *exitError {
	e := &exitError{
		code: exitFailed, err: fmt.Errorf("open the evidence: nothing in %s was recognised as evidence", strings.Join(looked, ", ")),
		hint: "give a gateway's data directory, its access log, the gateway document, or what az network application-gateway\nshow-backend-health prints",
	}
	if b.Logs() > 0 {
		e.err = fmt.Errorf("read the evidence: no row of any log in %s could be read", strings.Join(looked, ", "))
		e.hint = "what is wrong with it stands above, after \"not read\"; docs/evidence.md lists the forms that are read. The surest is\na JSON record on each line, as a storage account has it, or what az monitor log-analytics query prints with -o json"
	}
	if slices.ContainsFunc(b.Unread, func(u evidence.Unread) bool { return u.Reason == evidence.MayNotRead }) {
		e.err = fmt.Errorf("open the evidence: nothing in %s could be read", strings.Join(looked, ", "))
		e.hint = mayNotHint
	}
	return e
}
