package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"causeway/internal/access"
	"causeway/internal/cause"
	"causeway/internal/report"
	"causeway/internal/units"
	"causeway/internal/upload"
)

// Reports are answers that take longer to find than the rest, and that a command of the same name finds as well. A report is what that
// command prints.
type Reports interface {
	// Report runs a command. The error is a *ReportError if the command refuses.
	Report(ctx context.Context, c Command) (Printed, error)
	// Uploads is where evidence is kept that was given for a diagnosis; nil: none is taken.
	Uploads() *upload.Uploads
}

// Command is a command that reports.
type Command struct {
	Name  string
	Args  []string
	Input []byte // on its standard input
	Dir   string // where it runs; empty: it reads the data of this node, wherever it runs
}

// Printed is what a command has printed.
type Printed struct {
	Text  []byte // the report
	Notes []byte // on its standard error: what could not be read, a line each
}

// ReportError is why a command gave no report.
type ReportError struct {
	Message string
	Found   bool // the command works, and there is no such thing to report on
	Late    bool // it took too much time or memory
}

func (e *ReportError) Error() string { return e.Message }

const reportsPath = gatewayPath + "/providers/Causeway"

func (t *table) reports() {
	t.read(reportsPath+"/diagnosis", "diagnose the failed requests", readDiagnosis)
	t.add(http.MethodPost, reportsPath+"/diagnosis", access.Reader, "compare failed requests with an earlier diagnosis", compareDiagnosis)
	t.read(reportsPath+"/troubleshooting", "search for the cause step by step", readGuide)
	t.read(reportsPath+"/capacity", "compute the capacity that the load needs", func(q *request) (response, error) {
		return q.report(Command{Name: "capacity", Args: []string{"-o", "json", "--live"}})
	})
	t.read(reportsPath+"/explanations/{request}", "explain a request", func(q *request) (response, error) {
		return q.report(Command{Name: "explain", Args: []string{"-o", "json", "--live", "--", q.vars["request"]}})
	})
	t.read(reportsPath+"/causes", "list the causes that a diagnosis may name", listCauses)
	t.read(reportsPath+"/status", "read how the gateway and its instances are", readStatus)
	t.read(reportsPath+"/bundle", "download the evidence with pseudonyms", readBundle)
	t.evidence()
}

// reportsAtOnce is how many reports are under way at once: each is a process that reads the whole access log.
const reportsAtOnce = 2

// window are the arguments for the query's since and until: both are optional, and each is a time of RFC 3339, or how long ago it was.
func (q *request) window() (args []string, err error) {
	for _, name := range []string{"since", "until"} {
		value := q.URL.Query().Get(name)
		if value == "" {
			continue
		}
		if _, err := time.Parse(time.RFC3339Nano, value); err != nil && !ago.MatchString(value) {
			return nil, refuse(http.StatusBadRequest, "InvalidParameterValue",
				"%s %q is neither a time, such as 2026-11-30T09:00:00Z, nor how long ago that was, such as 90m or 7d", name, value)
		}
		args = append(args, "--"+name, value)
	}
	return args, nil
}

var ago = regexp.MustCompile(`^\d{1,6}[smhd]$`)

// readDiagnosis answers with the report of a window.
func readDiagnosis(q *request) (response, error) {
	window, err := q.window()
	if err != nil {
		return response{}, err
	}
	return q.diagnosis(Command{Name: "diagnose", Args: append([]string{"--live"}, window...)})
}

// compareDiagnosis answers with the report of a window, and with what became of the findings of the earlier report that is the body.
func compareDiagnosis(q *request) (response, error) {
	window, err := q.window()
	if err != nil {
		return response{}, err
	}
	before, err := io.ReadAll(q.Body)
	if err != nil {
		return response{}, err
	}
	return q.diagnosis(Command{Name: "diagnose", Args: append([]string{"--live", "--before", "-"}, window...), Input: before})
}

// forms are those that a diagnosis has, with their kinds of media.
var forms = map[string]string{
	"": "application/json", "json": "application/json", "html": "text/html; charset=utf-8", "md": "text/markdown; charset=utf-8",
	"text": "text/plain; charset=utf-8",
}

// diagnosis answers with a report: as a file in the form that the query asks for, or as JSON with its pictures beside it.
func (q *request) diagnosis(c Command) (response, error) {
	form := q.URL.Query().Get("format")
	kind, known := forms[form]
	if !known {
		return response{}, refuse(http.StatusBadRequest, "InvalidParameterValue", "format is json, html, md or text, not %q", form)
	}
	c.Args = append([]string{"-o", units.Or(form, "json")}, c.Args...)
	printed, err := q.reportOf(c)
	if err != nil {
		return response{}, err
	}
	if form != "" {
		return response{status: http.StatusOK, file: &file{kind: kind, name: "diagnosis." + fileEnding(form), content: printed.Text}}, nil
	}
	var d diagnosis
	if err := json.Unmarshal(printed.Text, &d.Report); err != nil {
		return response{}, fmt.Errorf("read the report: %w", err)
	}
	d.Drawings, d.NotRead = d.Draw(), strings.FieldsFunc(string(printed.Notes), func(r rune) bool { return r == '\n' })
	return ok(d)
}

// diagnosis is a report, with its pictures, and with what the command could not read.
type diagnosis struct {
	report.Report
	Drawings report.Drawings `json:"drawings"`
	NotRead  []string        `json:"notRead,omitempty"`
}

func fileEnding(form string) string {
	if form == "text" {
		return "txt"
	}
	return form
}

// readGuide answers with the questions of a search, with the answers that the evidence has, and with those of the query, such as
// backend-health=yes.
func readGuide(q *request) (response, error) {
	window, err := q.window()
	if err != nil {
		return response{}, err
	}
	return q.guide(Command{Name: "troubleshoot", Args: append([]string{"-o", "json", "--live"}, window...)})
}

func (q *request) guide(c Command) (response, error) {
	printed, err := q.reportOf(c)
	if err != nil {
		return response{}, err
	}
	var g report.Guide
	if err := json.Unmarshal(printed.Text, &g); err != nil {
		return response{}, fmt.Errorf("read the guide: %w", err)
	}
	for _, s := range g.Steps {
		switch answer := q.URL.Query().Get(s.ID); answer {
		case "":
		case report.Yes, report.No:
			g.Reply(s.ID, answer)
		default:
			return response{}, refuse(http.StatusBadRequest, "InvalidParameterValue", "the answer to %s is yes or no, not %q", s.ID, answer)
		}
	}
	return ok(g)
}

// report answers with what a command prints.
func (q *request) report(c Command) (response, error) {
	printed, err := q.reportOf(c)
	if err != nil {
		return response{}, err
	}
	return ok(json.RawMessage(printed.Text))
}

// reportOf returns what a command prints on the gateway of the path.
func (q *request) reportOf(c Command) (Printed, error) {
	if _, err := q.found(); err != nil {
		return Printed{}, err
	}
	if c.Input != nil { // nobody else has the same
		return q.server.runReport(q.Context(), c)
	}
	key := strings.Join(append([]string{c.Dir, c.Name}, c.Args...), "\x00")
	return q.server.reports.get(q.Context(), key, func(ctx context.Context) (Printed, error) { return q.server.runReport(ctx, c) })
}

// runReport runs a command when it is its turn.
func (s *Server) runReport(ctx context.Context, c Command) (Printed, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	turn, err := s.reporting.take(ctx)
	if err != nil {
		return Printed{}, err
	}
	defer turn.release()
	printed, err := s.gateway.Report(ctx, c)
	var refused *ReportError
	switch {
	case errors.As(err, &refused) && refused.Found:
		return Printed{}, refuse(http.StatusNotFound, "NotFound", "%s", refused.Message)
	case errors.As(err, &refused) && refused.Late:
		return Printed{}, refuse(http.StatusGatewayTimeout, "GatewayTimeout", "%s", refused.Message)
	case errors.As(err, &refused):
		return Printed{}, refuse(http.StatusConflict, "NoReport", "%s", refused.Message)
	}
	return printed, err
}

// listedCause is a cause, as a list has it.
type listedCause struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

func listCauses(*request) (response, error) {
	var all []listedCause
	for _, c := range cause.All() {
		all = append(all, listedCause{c.ID, c.Title})
	}
	return ok(list{all})
}

// readStatus answers with what the gateway says of itself, without the paths of its files.
func readStatus(q *request) (response, error) {
	if _, err := q.found(); err != nil {
		return response{}, err
	}
	status := q.server.gateway.Status()
	status.Logs = ""
	return ok(status)
}

// readBundle answers with the evidence of this node, in which names and addresses are pseudonyms.
func readBundle(q *request) (response, error) {
	window, err := q.window()
	if err == nil && q.URL.Query().Has("until") {
		err = refuse(http.StatusBadRequest, "InvalidParameterValue", "a bundle has all evidence from since to now; it takes no until")
	}
	if err != nil {
		return response{}, err
	}
	printed, err := q.reportOf(Command{Name: "redact", Args: append([]string{"--bundle", "-"}, window...)})
	if err != nil {
		return response{}, err
	}
	name := q.vars["gateway"] + "-redacted.tar.gz"
	return response{status: http.StatusOK, file: &file{kind: "application/gzip", name: name, content: printed.Text}}, nil
}
