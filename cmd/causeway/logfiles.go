package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/accesslog"
	"causeway/internal/evidence"
)

// showFiles prints the access records of evidence at hand, in whatever form it was exported.
func showFiles(cmd *cobra.Command, paths []string, f *logFilter, asJSON bool) error {
	bundle, err := gatherSome(cmd, false, "", paths)
	if err != nil {
		return err
	}
	defer bundle.Close()
	if f.slow.limits = timeoutsIn(bundle.Config); bundle.Logs() == 0 {
		printUnread(cmd.ErrOrStderr(), bundle)
		return &exitError{
			code: exitFailed, err: errors.New("show the log: there is no access log among these files"),
			hint: "give the access log as Azure exported it, or a gateway's data directory",
		}
	}
	if err := f.slow.known(); err != nil {
		return err
	}
	p := &rowPrinter{out: bufio.NewWriter(cmd.OutOrStdout()), filter: f, json: asJSON}
	err = bundle.EachRow(evidence.Rows{Access: func(r *accesslog.Record, _ bool) { p.row(r) }, Lost: p.lost})
	printUnread(cmd.ErrOrStderr(), bundle)
	switch {
	case err == nil && p.err == nil:
		err = p.out.Flush()
	case err == nil:
		err = p.err
	}
	if err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("show the log: %w", err)}
	}
	if bundle.Rows == 0 {
		return nothingRead(bundle, paths)
	}
	return nil
}

// rowPrinter prints records that were read from files.
type rowPrinter struct {
	out    *bufio.Writer
	filter *logFilter
	json   bool
	err    error
}

func (p *rowPrinter) row(r *accesslog.Record) {
	if p.err != nil || !p.filter.keeps(r) {
		return
	}
	limit := p.filter.slow.limits.limit(r)
	if !p.json {
		_, p.err = fmt.Fprintln(p.out, oneLine(r, limit))
		return
	}
	p.print(shownRow(r, limit))
}

// lost prints the gap that records left which the gateway could not keep.
func (p *rowPrinter) lost(l accesslog.Lost) {
	switch {
	case p.err != nil || !p.filter.meets(l):
	case p.json:
		p.print(map[string]any{"lostRecords": l.Records, "from": timeText(l.From), "until": timeText(l.Until)})
	default:
		_, p.err = fmt.Fprintln(p.out, gapText(l))
	}
}

func (p *rowPrinter) print(v any) {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = p.out.Write(append(escaped(line), '\n'))
	}
	p.err = err
}

// logRow is a record of an export as JSON. Times are in seconds; fields that the log lacks are left out.
type logRow struct {
	Time        string   `json:"time"`
	Client      string   `json:"client,omitempty"`
	Method      string   `json:"method,omitempty"`
	Host        string   `json:"host,omitempty"`
	URI         string   `json:"uri,omitempty"`
	Status      int      `json:"status"`
	Pool        string   `json:"pool,omitempty"`
	Settings    string   `json:"settings,omitempty"`
	Member      string   `json:"member,omitempty"`
	Latency     *float64 `json:"serverResponseLatency,omitempty"`
	Timeout     float64  `json:"requestTimeout,omitempty"`
	Over        bool     `json:"overTimeout,omitempty"`
	Taken       float64  `json:"timeTaken"`
	Transaction string   `json:"transactionId,omitempty"`
	Fault       string   `json:"fault,omitempty"`
}

func shownRow(r *accesslog.Record, limit time.Duration) logRow {
	row := logRow{
		Time: timeText(r.Start), Method: string(r.Method), Host: string(r.OriginalHost), URI: string(r.OriginalURI), Status: r.Status,
		Pool: r.Pool, Settings: r.Settings, Timeout: limit.Seconds(), Over: over(r, limit), Taken: max(0, r.Taken).Seconds(),
	}
	if row.URI == "" {
		row.URI = string(r.URI)
	}
	if a := r.Client.Addr(); a != (netip.Addr{}) {
		row.Client = a.String()
	}
	if n := len(r.Attempts); n > 0 {
		row.Member = memberText(&r.Attempts[n-1])
	}
	if d, ok := latency(r); ok {
		s := d.Seconds()
		row.Latency = &s
	}
	if r.Transaction != [16]byte{} {
		row.Transaction = hex.EncodeToString(r.Transaction[:])
	}
	if !r.Fault.None() {
		row.Fault = r.Fault.Text()
	}
	return row
}
