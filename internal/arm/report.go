package arm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"causeway/internal/cause"
)

// Reports are answers that take longer to find than the rest, and that a command of the same name finds as well. A report is what that
// command prints with -o json.
type Reports interface {
	// Report runs a command on this node's records, and returns what it prints. The error is a *ReportError if the command refuses.
	Report(ctx context.Context, command string, args ...string) ([]byte, error)
}

// ReportError is why a command gave no report.
type ReportError struct {
	Message string
	Found   bool // the command works, and there is no such thing to report on
	Late    bool // it took too long
}

func (e *ReportError) Error() string { return e.Message }

const reportsPath = gatewayPath + "/providers/Causeway"

func (t *table) reports() {
	t.read(reportsPath+"/diagnosis", "diagnose the failed requests", readDiagnosis)
	t.read(reportsPath+"/capacity", "compute the capacity that the load needs", func(q *request) (response, error) {
		return q.report("capacity", "--live")
	})
	t.read(reportsPath+"/explanations/{request}", "explain a request", func(q *request) (response, error) {
		return q.report("explain", "--live", "--", q.vars["request"])
	})
	t.read(reportsPath+"/causes", "list the causes that a diagnosis may name", listCauses)
	t.read(reportsPath+"/status", "read how the gateway and its instances are", readStatus)
}

// reportsAtOnce is how many reports are under way at once: each is a process that reads the whole access log.
const reportsAtOnce = 2

// readDiagnosis answers with the report of the window since to until, both RFC 3339 and either optional.
func readDiagnosis(q *request) (response, error) {
	args := []string{"--live"}
	for _, name := range []string{"since", "until"} {
		value := q.URL.Query().Get(name)
		if value == "" {
			continue
		}
		if _, err := time.Parse(time.RFC3339Nano, value); err != nil {
			return response{}, refuse(http.StatusBadRequest, "InvalidParameterValue",
				"%s %q is no time, such as 2026-11-30T09:00:00Z", name, value)
		}
		args = append(args, "--"+name, value)
	}
	return q.report("diagnose", args...)
}

// report answers with what a command prints.
func (q *request) report(command string, args ...string) (response, error) {
	if _, err := q.found(); err != nil {
		return response{}, err
	}
	return q.server.reporting.holding(q, func() (response, error) {
		text, err := q.server.gateway.Report(q.Context(), command, append([]string{"-o", "json"}, args...)...)
		var refused *ReportError
		switch {
		case errors.As(err, &refused) && refused.Found:
			return response{}, refuse(http.StatusNotFound, "NotFound", "%s", refused.Message)
		case errors.As(err, &refused) && refused.Late:
			return response{}, refuse(http.StatusGatewayTimeout, "GatewayTimeout", "%s", refused.Message)
		case errors.As(err, &refused):
			return response{}, refuse(http.StatusConflict, "NoReport", "%s", refused.Message)
		case err != nil:
			return response{}, err
		}
		return ok(json.RawMessage(text))
	})
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
