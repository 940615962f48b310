package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/supervisor"
)

// logFilter keeps the records that the flags select.
type logFilter struct {
	status  string // 502, 5xx, or failed
	pool    string
	member  string
	client  string
	window  traffic.Options
	failing bool
	slow    slowness
}

func logsCommand() *cobra.Command {
	var data, output, since, until, slow string
	var follow bool
	var f logFilter
	cmd := &cobra.Command{
		Use:   "logs [PATH...]",
		Short: "Show the access log",
		RunE: func(cmd *cobra.Command, paths []string) error {
			var err error
			if f.window, err = window(since, until, time.Now()); err != nil {
				return err
			}
			if err := checkStatus(f.status); err != nil {
				return err
			}
			if f.slow, err = slowFrom(slow); err != nil {
				return err
			}
			if len(paths) > 0 && follow {
				return &exitError{
					code: exitUsage, err: errors.New("-f and paths exclude each other"),
					hint: "-f follows the log of the gateway on --data",
				}
			}
			if len(paths) > 0 {
				return showFiles(cmd, paths, &f, output == "json")
			}
			f.slow.limits = timeoutsOn(data)
			if err := f.slow.known(); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			t := &tail{
				root: supervisor.LogRoot(data), filter: f, json: output == "json",
				out: bufio.NewWriter(cmd.OutOrStdout()), read: map[string]int64{},
			}
			if err := t.run(ctx, follow); err != nil {
				return &exitError{code: exitFailed, err: fmt.Errorf("show the log: %w", err), hint: dataHint(err)}
			}
			return nil
		},
	}
	dataFlag(cmd, &data)
	fl := cmd.Flags()
	fl.BoolVarP(&follow, "follow", "f", false, "keep printing new records")
	fl.StringVar(&f.status, "status", "", "only this status (502) or class (5xx)")
	fl.BoolVar(&f.failing, "failed", false, "only requests that failed, or of which an attempt failed")
	fl.StringVar(&slow, "slow", "", "only requests whose member took as long as the request timeout, or as long as --slow=`TIME`")
	fl.Lookup("slow").NoOptDefVal = byTimeout
	fl.StringVar(&f.pool, "pool", "", "only this backend pool")
	fl.StringVar(&f.member, "member", "", "only this member")
	fl.StringVar(&f.client, "client", "", "only this client address")
	fl.StringVar(&since, "since", "", "only requests that began at or after this time: a time or how long ago")
	fl.StringVar(&until, "until", "", "only requests that began before this time")
	outputFlag(fl, &output, "text", "json")
	return cmd
}

// dataHint is what to do when a data directory could not be read.
func dataHint(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "ask as the user that runs the gateway: its data directory is for nobody else"
	}
	return "name the gateway's data directory with --data"
}

// statusPattern is a status, or a class of them.
var statusPattern = regexp.MustCompile(`^[0-5]([0-9]{2}|xx)$`)

func checkStatus(s string) error {
	if s != "" && !statusPattern.MatchString(s) {
		return &exitError{code: exitUsage, err: fmt.Errorf("--status %s: this is not a status", s), hint: "for example 502, or 5xx"}
	}
	return nil
}

func (f *logFilter) keeps(r *accesslog.Record) bool {
	status := fmt.Sprintf("%03d", r.Status)
	switch {
	case f.status != "" && status != f.status && !(f.status[1:] == "xx" && status[0] == f.status[0]):
		return false
	case f.failing && !failed(r):
		return false
	case f.pool != "" && !strings.EqualFold(r.Pool, f.pool):
		return false
	case f.client != "" && !sameAddr(r.Client.Addr(), f.client):
		return false
	case !f.window.Since.IsZero() && r.Start.Before(f.window.Since), !f.window.Until.IsZero() && !r.Start.Before(f.window.Until):
		return false
	case f.member != "" && !slices.ContainsFunc(r.Attempts, func(a accesslog.Attempt) bool {
		return a.Member == f.member || a.Server.Addr().String() == f.member || a.Server.String() == f.member
	}):
		return false
	}
	return f.slow.keeps(r)
}

// failed reports whether a request failed, or an attempt of it did. In Azure's log a fault shows in the status and in error_info alone; 499
// and 0 are of clients that left.
func failed(r *accesslog.Record) bool {
	return !r.Fault.None() || r.Status >= fault.ClientGone || r.Status == 0 && !r.Session || len(r.Attempts) > 1 ||
		r.ErrorInfo != "" && r.ErrorInfo != fault.NoError
}

// meets reports whether lost records may lie in the window. They may match every other filter.
func (f *logFilter) meets(l accesslog.Lost) bool {
	w := f.window
	return (w.Since.IsZero() || !l.Until.Before(w.Since)) && (w.Until.IsZero() || l.From.Before(w.Until))
}

// gapText is the gap that lost records left.
func gapText(l accesslog.Lost) string {
	return fmt.Sprintf("%s lost between %s and %s: the gateway could not keep them",
		were(l.Records, "record"), timeText(l.From), timeText(l.Until))
}

func sameAddr(a netip.Addr, s string) bool {
	b, err := netip.ParseAddr(s)
	return err == nil && a == b.Unmap()
}

// tail prints segments, and what is added to them.
type tail struct {
	root   string
	filter logFilter
	json   bool
	out    *bufio.Writer
	read   map[string]int64 // bytes of each segment that were printed
}

// followEvery is how often new records are looked for.
const followEvery = 500 * time.Millisecond

func (t *tail) run(ctx context.Context, follow bool) error {
	for {
		if err := t.once(); err != nil || !follow {
			return err
		}
		select {
		case <-time.After(followEvery):
		case <-ctx.Done():
			return nil
		}
	}
}

// once prints what is new, oldest segment first.
func (t *tail) once() error {
	if _, err := os.Stat(t.root); errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(filepath.Dir(t.root)) // a data directory of which nothing was logged is no failure
		return err
	}
	var paths []string
	err := filepath.WalkDir(t.root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // retention took it
			return nil
		case err != nil: // an empty answer would read as "nothing failed"
			return err
		case d.Name() == "PT1H.json":
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(paths)
	for _, path := range paths {
		if err := t.segment(path); err != nil {
			return err
		}
	}
	return t.out.Flush()
}

func (t *tail) segment(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // retention took it
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Seek(t.read[path], io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReaderSize(f, 64<<10)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return nil // the rest is still being written
		}
		t.read[path] += int64(len(line))
		if err := t.line(line); err != nil {
			return err
		}
	}
}

func (t *tail) line(line []byte) error {
	if lost, ok := accesslog.DecodeLost(line); ok {
		return t.lost(lost, line)
	}
	r, _, err := accesslog.Decode(line)
	if err != nil || !t.filter.keeps(&r) {
		return nil
	}
	if t.json {
		_, err = t.out.Write(escaped(line))
		return err
	}
	_, err = fmt.Fprintln(t.out, oneLine(&r, t.filter.slow.limits.limit(&r)))
	return err
}

// lost prints a gap.
func (t *tail) lost(l accesslog.Lost, line []byte) error {
	if !t.filter.meets(l) {
		return nil
	}
	if t.json {
		_, err := t.out.Write(escaped(line))
		return err
	}
	_, err := fmt.Fprintln(t.out, gapText(l))
	return err
}

// escaped is a stored record with JSON's escapes in place of bytes that a terminal acts upon: a log of somebody else's may hold
// them as they are.
func escaped(line []byte) []byte {
	if bytes.IndexFunc(line, acts) < 0 {
		return line
	}
	var out []byte
	for _, c := range string(line) {
		if acts(c) {
			out = fmt.Appendf(out, `\u%04x`, c)
			continue
		}
		out = utf8.AppendRune(out, c)
	}
	return out
}

// acts reports whether a terminal acts upon a character, or shows what follows in another order.
func acts(c rune) bool { return c != '\n' && c != '\t' && !strconv.IsPrint(c) && c <= 0xffff }

// oneLine is a record for people. limit is the request timeout that it went under; 0: it is not known.
func oneLine(r *accesslog.Record, limit time.Duration) string {
	member := "-"
	if n := len(r.Attempts); n > 0 {
		member = memberText(&r.Attempts[n-1])
	}
	s := fmt.Sprintf("%s  %s  %03d  %s %s  pool %s  member %s  took %s  in all %.3f s  %x", timeText(r.Start), r.Client.Addr(), r.Status,
		evidence.Printable(dashIfEmpty(string(r.Method))), evidence.Printable(target(r)),
		evidence.Printable(dashIfEmpty(r.Pool)), evidence.Printable(member), latencyText(r, limit), r.Taken.Seconds(), r.Transaction)
	if !r.Fault.None() {
		s += "\n    " + evidence.Printable(r.Fault.Text())
	}
	for i, a := range r.Attempts[:max(0, len(r.Attempts)-1)] {
		s += fmt.Sprintf("\n    attempt %d on %s: %s", i+1, evidence.Printable(memberText(&a)), evidence.Printable(outcomeText(&a)))
	}
	return s
}

// timeText is a time as records have it.
func timeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// target is host and URI of the request. Records of v1 have only the path.
func target(r *accesslog.Record) string {
	uri := string(r.OriginalURI)
	if uri == "" {
		uri = string(r.URI)
	}
	if len(r.OriginalHost) == 0 || !strings.HasPrefix(uri, "/") { // an absolute URI names the host itself
		return dashIfEmpty(uri)
	}
	return string(r.OriginalHost) + uri
}

// memberText is a member as the document names it, with the address that was dialled where that differs.
func memberText(a *accesslog.Attempt) string {
	switch {
	case !a.Server.IsValid():
		return dashIfEmpty(a.Member)
	case a.Member == "" || a.Member == a.Server.Addr().String():
		return traffic.ServerText(a.Server)
	}
	return a.Member + " (" + traffic.ServerText(a.Server) + ")"
}

// outcomeText is how an attempt ended that another one followed.
func outcomeText(a *accesslog.Attempt) string {
	switch {
	case !a.Fault.None():
		return a.Fault.Text()
	case a.Status > 0:
		return fmt.Sprintf("serverStatus %d", a.Status)
	}
	return "no answer"
}
