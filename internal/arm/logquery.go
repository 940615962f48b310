package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"causeway/internal/access"
	"causeway/internal/kql"
)

// Bounds of a query.
const (
	logQueryTime = 45 * time.Second // within the time of a request
	logQueryRows = 16 << 20         // bytes of the rows in an answer
	logQueries   = 2                // at a time, until their answers are written; others wait
	logQueryBody = 64 << 10         // bytes of a request
	logWhere     = 16               // conditions beside those on times
)

// logs are the routes of Log Analytics. A workspace may have any id: there is one log.
func (t *table) logs() {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.add(method, "/v1/workspaces/{workspace}/query", access.Reader, "query the access log", queryLogs)
		(*t)[len(*t)-1].unversioned = true
	}
}

// logQuery is what a client asks of Log Analytics.
type logQuery struct {
	Query      string   `json:"query"`
	Timespan   string   `json:"timespan"`
	Workspaces []string `json:"workspaces"`
}

// queryLogs answers a query from the access log of this node.
func queryLogs(q *request) (response, error) {
	asked, err := q.logQuery()
	if err != nil {
		return response{}, err
	}
	return q.server.querying.holding(q, func() (response, error) { return asked.answers(q) })
}

// answers runs the query.
func (r *logRun) answers(q *request) (response, error) {
	ctx, cancel := context.WithTimeout(q.Context(), logQueryTime)
	defer cancel()
	found, err := r.run(ctx, q.server.gateway.Status().Logs, &q.server.logs)
	if errors.Is(err, context.DeadlineExceeded) {
		return response{}, refuse(http.StatusGatewayTimeout, "GatewayTimeout",
			"the log has more than can be read in %s: ask for a shorter window", logQueryTime)
	}
	if err != nil {
		return response{}, err
	}
	return lacking(q.survey().others(), r.answer(found)), nil // each node has the log of its own requests
}

// logQuery reads a query, of a body or of the path, and finds the table.
func (q *request) logQuery() (*logRun, error) {
	body := logQuery{Query: q.URL.Query().Get("query"), Timespan: q.URL.Query().Get("timespan")}
	if q.Method == http.MethodPost {
		text, err := io.ReadAll(http.MaxBytesReader(nil, q.Body, logQueryBody))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &body); err != nil {
			return nil, badQuery("the body is no query: it is a JSON object with a query and a timespan")
		}
	}
	if len(body.Workspaces) > 0 {
		return nil, badQuery("further workspaces are not understood: there is one log")
	}
	now := q.server.now()
	parsed, err := kql.Parse(body.Query, now)
	if err != nil {
		return nil, badQuery(err.Error())
	}
	run, err := newLogRun(parsed)
	if err != nil {
		return nil, err
	}
	return run, run.within(body.Timespan, now)
}

// badQuery refuses a query, with all that is understood.
func badQuery(why string) error {
	var tables []string
	for _, t := range logTables() {
		tables = append(tables, t.name)
	}
	return refuse(http.StatusBadRequest, "BadArgumentError",
		"%s. This API understands: TABLE | where COLUMN ==, =~ or contains 'TEXT', the column of the status == < <= > >= NUMBER, and "+
			"%s < <= > >= datetime(…), ago(…), now() | order by %s asc or desc | take N | count. The tables are %s",
		why, kql.TimeColumn, kql.TimeColumn, strings.Join(tables, ", "))
}

// logRun is a query with its table, in which every column exists.
type logRun struct {
	*kql.Query
	table      logTable
	from, to   time.Time // of the time stamps, to excluded; zero: no bound
	conditions []logCondition
}

// logCondition is a condition with its column.
type logCondition struct {
	kql.Condition
	column logColumn
}

func newLogRun(q *kql.Query) (*logRun, error) {
	r := &logRun{Query: q}
	for _, t := range logTables() {
		if t.name == q.Table {
			r.table = t
		}
	}
	if r.table.name == "" {
		return nil, badQuery("there is no table " + q.Table)
	}
	for _, c := range q.Where {
		if c.Column == kql.TimeColumn {
			r.bound(c)
			continue
		}
		if len(r.conditions) == logWhere {
			return nil, badQuery(fmt.Sprintf("the condition on %s is one too many: a query has at most %d beside those on times", c.Column, logWhere))
		}
		column, err := r.table.compared(c)
		if err != nil {
			return nil, err
		}
		r.conditions = append(r.conditions, logCondition{c, column})
	}
	return r, nil
}

// bound narrows the window.
func (r *logRun) bound(c kql.Condition) {
	at := c.Time
	if c.Op == ">" || c.Op == "<=" { // the next moment that a time stamp can name
		at = at.Add(time.Nanosecond)
	}
	if strings.HasPrefix(c.Op, ">") {
		r.since(at)
	} else {
		r.until(at)
	}
}

func (r *logRun) since(at time.Time) {
	if at.After(r.from) {
		r.from = at
	}
}

func (r *logRun) until(at time.Time) {
	if r.to.IsZero() || at.Before(r.to) {
		r.to = at
	}
}

// within narrows the window to the timespan of the request: START/END, a duration such as PT1H up to now, or both.
func (r *logRun) within(text string, now time.Time) error {
	if text == "" {
		return nil
	}
	first, last, both := strings.Cut(text, "/")
	from, err := parseTime(first)
	span, isSpan := spanOf(first)
	to, bad := parseTime(last)
	length, isLength := spanOf(last)
	switch {
	case !both && isSpan:
		from, to = now.Add(-span), now
	case both && err == nil && bad == nil:
	case both && err == nil && isLength:
		to = from.Add(length)
	case both && isSpan && bad == nil:
		from = to.Add(-span)
	default:
		return badQuery("the timespan " + text + " is no START/END and no duration such as PT1H")
	}
	r.since(from)
	r.until(to)
	return nil
}

// answer is the rows in the form of Log Analytics. One that does not hold all says so, in the form of a partial error.
func (r *logRun) answer(found *logRows) map[string]any {
	columns := []any{}
	for _, c := range r.table.columns {
		columns = append(columns, map[string]any{"name": c.name, "type": c.kind})
	}
	rows := found.ordered(r.Order)
	if r.Count {
		columns = []any{map[string]any{"name": "Count", "type": "long"}}
		rows = []json.RawMessage{json.RawMessage("[" + found.countText() + "]")}
	}
	out := map[string]any{"tables": []any{map[string]any{"name": "PrimaryResult", "columns": columns, "rows": rows}}}
	if found.partial {
		const why = "the answer would have more than 16 MiB of rows: ask for a shorter window"
		out["error"] = map[string]any{
			"code": "PartialError", "message": "There were some errors when processing your query.",
			"details": []any{map[string]any{"code": "ResponseSizeError", "message": why}},
		}
	}
	return out
}
