package arm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/access"
	"causeway/internal/accesslog"
	"causeway/internal/kql"
)

const queryURL = "/v1/workspaces/any/query"

// noon is when the first request of a test's log began.
var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// logged writes a log of so many requests, one a second from noon on two instances, and a line of another kind.
func (w *world) logged(requests int) *world {
	w.t.Helper()
	w.gateway.logs = w.t.TempDir()
	for instance := range 2 {
		text := []byte(`{"time":"2026-11-30T12:00:00Z","resourceId":"X","operationName":"ApplicationGatewayAccess","category":"CausewayLostRecords"}` + "\n")
		for i := instance; i < requests; i += 2 {
			r := accesslog.Record{
				ResourceID: strings.ToUpper(gatewayURL), Instance: fmt.Sprint("appgw_", instance), Listener: "l", Pool: "web",
				Start: noon.Add(time.Duration(i) * time.Second), Client: netip.MustParseAddrPort("192.0.2.1:1234"),
				Method: []byte("GET"), URI: []byte("/a\"category\":\"b"), Status: 200 + i, Taken: 1500 * time.Millisecond,
			}
			text = r.Append(text)
		}
		path := accesslog.SegmentPath(filepath.Join(w.gateway.logs, fmt.Sprint("instance-", instance)), strings.ToUpper(gatewayURL), noon)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(path, append(text, `{"timeStamp":"2026-11-30T12:00:00+0`...), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	return w
}

// query asks the log without an api-version, as clients of Log Analytics do.
func (w *world) query(query, timespan string) (answer, []map[string]any) {
	w.t.Helper()
	text, err := json.Marshal(map[string]any{"query": query, "timespan": timespan})
	if err != nil {
		w.t.Fatal(err)
	}
	a := w.do("POST", queryURL, string(text), w.as(access.Reader)...)
	return a, a.rows(w.t)
}

// rows are the rows of the first table, by column.
func (a answer) rows(t testing.TB) (out []map[string]any) {
	t.Helper()
	var body struct {
		Tables []struct {
			Name    string
			Columns []struct{ Name, Type string }
			Rows    [][]any
		}
	}
	if err := json.Unmarshal([]byte(a.text), &body); err != nil {
		t.Fatalf("%v: %s", err, a.text)
	}
	if len(body.Tables) != 1 {
		return nil
	}
	for _, cells := range body.Tables[0].Rows {
		row := map[string]any{}
		for i, c := range body.Tables[0].Columns {
			row[c.Name] = cells[i]
		}
		out = append(out, row)
	}
	return out
}

func TestTheLogIsQueried(t *testing.T) {
	w := newWorld(t).logged(10)
	id := "where _ResourceId =~ '" + gatewayURL + "'"
	window := id + " and TimeGenerated >= datetime(2026-11-30T12:00:02Z) and TimeGenerated < datetime(2026-11-30T12:00:06Z)"
	for query, want := range map[string][]float64{
		"AGWAccessLogs | " + window + " | order by TimeGenerated asc":                {202, 203, 204, 205},
		"AGWAccessLogs | " + window + " | order by TimeGenerated | take 3":           {205, 204, 203},
		"AGWAccessLogs | where TimeGenerated > datetime(2026-11-30T12:00:08Z)":       {209},
		"AGWAccessLogs | where TimeGenerated <= datetime(2026-11-30T12:00:00Z)":      {200},
		"AGWAccessLogs | where _ResourceId =~ 'another'":                             {},
		"AGWAccessLogs | where _ResourceId == '" + strings.ToUpper(gatewayURL) + "'": {},
		"AGWAccessLogs | order by TimeGenerated asc | take 2":                        {200, 201},
		"AGWAccessLogs | take 0":         {},
		"AGWFirewallLogs | " + window:    {},
		"AGWPerformanceLogs | " + window: {},
	} {
		a, rows := w.query(query, "")
		got := []float64{}
		for _, r := range rows {
			status, _ := r["HttpStatus"].(float64)
			got = append(got, status)
		}
		if a.status != http.StatusOK || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %d %v, want %v", query, a.status, got, want)
		}
	}
	a, rows := w.query("AGWAccessLogs | "+window+" | count", "")
	if a.at(t, "tables", "0", "columns", "0", "type") != "long" || len(rows) != 1 || rows[0]["Count"] != 4.0 {
		t.Errorf("%d %s", a.status, a.text)
	}
	if _, rows := w.query("AGWAccessLogs | take 7 | count", ""); rows[0]["Count"] != 7.0 {
		t.Errorf("%v", rows)
	}
	if _, rows := w.query("AGWAccessLogs | take 7", ""); len(rows) != 7 {
		t.Errorf("%d rows", len(rows))
	}
}

// The script of causeway collect asks in these words.
func TestTheScriptsQueries(t *testing.T) {
	w := newWorld(t).logged(10)
	const window = " and TimeGenerated >= datetime(2026-11-30T12:00:00Z) and TimeGenerated < datetime(2026-11-30T12:00:04Z)"
	for log, want := range map[string]int{"Access": 4, "Performance": 0, "Firewall": 0} {
		for _, source := range []string{
			"AGW" + log + "Logs | where _ResourceId =~ '" + gatewayURL + "'",
			"AzureDiagnostics | where ResourceId =~ '" + gatewayURL + "' and Category == 'ApplicationGateway" + log + "Log'",
		} {
			a, rows := w.query(source+window, "")
			if a.status != http.StatusOK || len(rows) != want {
				t.Errorf("%s: %d, %d rows", source, a.status, len(rows))
			}
			if a, rows := w.query(source+window+" | count", ""); len(rows) != 1 || rows[0]["Count"] != float64(want) {
				t.Errorf("%s: %d %s", source, a.status, a.text)
			}
		}
	}
}

func TestTheColumnsOfTheLog(t *testing.T) {
	w := newWorld(t).logged(1)
	_, rows := w.query("AGWAccessLogs", "")
	for column, want := range map[string]any{
		"TimeGenerated": "2026-11-30T12:00:00Z", "ClientIp": "192.0.2.1", "ClientPort": 1234.0, "TimeTaken": 1.5, "InstanceId": "appgw_0",
		"RequestUri": `/a"category":"b`, "ListenerName": "l", "BackendPoolName": "web", "Type": "AGWAccessLogs",
		"_ResourceId": strings.ToLower(gatewayURL), "ServerStatus": "",
	} {
		if got := rows[0][column]; got != want {
			t.Errorf("%s is %v, not %v", column, got, want)
		}
	}
	var trace struct{ Causeway struct{ V int } }
	if text, _ := rows[0]["AdditionalFields"].(string); json.Unmarshal([]byte(text), &trace) != nil || trace.Causeway.V != 1 {
		t.Errorf("%v", rows[0]["AdditionalFields"])
	}
	_, rows = w.query("AzureDiagnostics | where ResourceId =~ '"+gatewayURL+"' and Category == 'ApplicationGatewayAccessLog'", "")
	for column, want := range map[string]any{
		"httpStatus_d": 200.0, "clientIP_s": "192.0.2.1", "ResourceId": strings.ToUpper(gatewayURL), "listenerName_s": "l",
		"Category": "ApplicationGatewayAccessLog", "Type": "AzureDiagnostics",
	} {
		if got := rows[0][column]; got != want {
			t.Errorf("%s is %v, not %v", column, got, want)
		}
	}
	if _, rows := w.query("AzureDiagnostics | where Category == 'ApplicationGatewayFirewallLog'", ""); len(rows) != 0 {
		t.Errorf("%v", rows)
	}
}

func TestTheTimespanOfAQuery(t *testing.T) {
	w := newWorld(t).logged(10)
	w.server.now = func() time.Time { return noon.Add(time.Minute) }
	for timespan, want := range map[string]int{
		"PT55S": 5, "P1D": 10, "2026-11-30T12:00:01Z/2026-11-30T12:00:03Z": 2, "2026-11-30T12:00:01Z/PT3S": 3,
		"PT2S/2026-11-30T12:00:09Z": 2, "": 10,
	} {
		if a, rows := w.query("AGWAccessLogs", timespan); a.status != http.StatusOK || len(rows) != want {
			t.Errorf("%s: %d, %d rows", timespan, a.status, len(rows))
		}
	}
	a := w.do("GET", queryURL+"?query="+url.QueryEscape("AGWAccessLogs | where TimeGenerated > ago(52s)")+"&timespan=P1D", "")
	if rows := a.rows(t); len(rows) != 1 { // 12:00:09
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestQueriesAreBounded(t *testing.T) {
	w := newWorld(t).logged(1)
	padded := `{"query":"AGWAccessLogs","x":"` + strings.Repeat("x", logQueryBody) + `"}`
	if a := w.do("POST", queryURL, padded, w.as(access.Reader)...); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", a.status, a.text)
	}
	condition := "_ResourceId =~ '" + gatewayURL + "'"
	query := "AGWAccessLogs | where " + condition + strings.Repeat(" and "+condition, logWhere-1)
	if a, rows := w.query(query, ""); len(rows) != 1 {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a, _ := w.query(query+" and "+condition, ""); a.code() != "BadArgumentError" || !strings.Contains(a.text, "_ResourceId is one too many") {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// What a line costs does not grow with the conditions.
func TestConditionsShareTheTextsOfALine(t *testing.T) {
	condition := logCondition{Condition: kql.Condition{Column: "_ResourceId", Op: "=~", Text: gatewayURL}}
	line := (&accesslog.Record{ResourceID: strings.ToUpper(gatewayURL), Start: noon}).Append(nil)
	cost := func(conditions int) float64 {
		r := logRun{table: diagnosticsTable(), conditions: slices.Repeat([]logCondition{condition}, conditions)}
		return testing.AllocsPerRun(100, func() {
			if !r.holds(line) {
				t.Fatalf("%s", line)
			}
		})
	}
	if one, all := cost(1), cost(logWhere); all > one {
		t.Errorf("%v allocations with one condition, %v with %d", one, all, logWhere)
	}
}

// Failed requests are found however many others came after them.
func TestQueriesByStatusAndText(t *testing.T) {
	w := newWorld(t).logged(400)
	for where, want := range map[string]int{
		"HttpStatus >= 500":                                100,
		"HttpStatus > 498 and HttpStatus <= 500":           2,
		"HttpStatus == 207":                                1,
		"HttpStatus >= 200 and HttpStatus < 300":           100,
		"HttpStatus < 200":                                 0,
		"InstanceId =~ 'APPGW_1'":                          200,
		"InstanceId == 'APPGW_1'":                          0,
		"ClientIp contains '192.0.2' and HttpStatus < 210": 10,
		"RequestUri contains 'CATEGORY\":\"b'":             400,
		"RequestUri contains 'category\":\"c'":             0,
		"ServerRouted contains '10.'":                      0,
	} {
		_, rows := w.query("AGWAccessLogs | where "+where+" | order by TimeGenerated desc | take 1000", "")
		if len(rows) != want {
			t.Errorf("%s: %d rows instead of %d", where, len(rows), want)
		}
	}
	if _, rows := w.query("AzureDiagnostics | where httpStatus_d >= 500 | take 3", ""); len(rows) != 3 {
		t.Errorf("%d rows of AzureDiagnostics", len(rows))
	}
}

func TestQueriesOfTheLogThatAreRefused(t *testing.T) {
	w := newWorld(t).logged(1)
	for query, name := range map[string]string{
		"AGWAccessLogs | summarize count() by HttpStatus": "summarize",
		"AGWAccessLogs | where HttpStatus =~ '502'":       "HttpStatus",
		"AGWAccessLogs | where HttpMethod == 7":           "HttpMethod",
		"AGWAccessLogs | where SentBytes > 7":             "SentBytes",
		"AGWAccessLogs | where Category =~ 'x'":           "Category",
		"AzureActivity":                                   "AzureActivity",
		"":                                                "a table",
	} {
		a, _ := w.query(query, "")
		message, _ := a.at(t, "error", "message").(string)
		if a.status != http.StatusBadRequest || a.code() != "BadArgumentError" || !strings.Contains(message, name) ||
			!strings.Contains(message, "AGWAccessLogs") {
			t.Errorf("%s: %d %s", query, a.status, a.text)
		}
	}
	for _, timespan := range []string{"yesterday", "P", "PT", "PT1H/PT1H", "2026-11-30T12:00:00Z/", "P1Y"} {
		if a, _ := w.query("AGWAccessLogs", timespan); a.code() != "BadArgumentError" {
			t.Errorf("%s: %d %s", timespan, a.status, a.text)
		}
	}
	for _, body := range []string{"", "AGWAccessLogs", "[]", `{"query":"AGWAccessLogs","workspaces":["x"]}`} {
		if a := w.do("POST", queryURL, body); a.code() != "BadArgumentError" {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
	}
}

// Queries of one part of a log after the other read each part once. What was added since is found, too.
func TestTheIndexOfTheLog(t *testing.T) {
	w := newWorld(t).logged(0)
	path := accesslog.SegmentPath(filepath.Join(w.gateway.logs, "instance-0"), strings.ToUpper(gatewayURL), noon)
	write := func(from, to int) {
		t.Helper()
		r := accesslog.Record{ResourceID: strings.ToUpper(gatewayURL), OriginalURI: []byte("/" + strings.Repeat("x", 100_000))}
		var text []byte
		for i := from; i < to; i++ {
			r.Start, r.Status = noon.Add(time.Duration(i)*time.Second), 200+i
			if i == 150 {
				r.Start = noon.Add(10 * time.Second) // a request that took minutes
			}
			text = r.Append(text)
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	part := func(from, to int) string {
		at := func(i int) string { return noon.Add(time.Duration(i) * time.Second).Format(time.RFC3339) }
		_, rows := w.query("AGWAccessLogs | where TimeGenerated >= datetime("+at(from)+") and TimeGenerated < datetime("+at(to)+")", "")
		var got []string
		for _, r := range rows {
			got = append(got, fmt.Sprint(r["HttpStatus"]))
		}
		return strings.Join(got, " ")
	}
	write(0, 200)
	for range 2 { // without the index, and with it
		if got := part(8, 12); got != "208 209 210 211 350" {
			t.Errorf("%s", got)
		}
	}
	if n := len(w.server.logs.segments[path]); n < 4 {
		t.Errorf("%d blocks are known", n)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, inWindow := []byte(`"timeStamp":"2026-11-30T12:00:00`), []byte(`"timeStamp":"2026-11-30T12:02:40`)
	if !bytes.Contains(text, begin) {
		t.Fatalf("%s", text[:300])
	}
	if err := os.WriteFile(path, bytes.Replace(text, begin, inWindow, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := part(158, 162); got != "358 359 360 361" { // the first line would show if its block were read
		t.Errorf("the first block is read: %s", got)
	}
	write(200, 204)
	if got := part(198, 300); got != "398 399 400 401 402 403" {
		t.Errorf("%s", got)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write(0, 3)
	if got := part(0, 300); got != "200 201 202" {
		t.Errorf("another file: %s", got)
	}
	if err := os.RemoveAll(w.gateway.logs); err != nil {
		t.Fatal(err)
	}
	if got := part(0, 300); got != "" || len(w.server.logs.segments) != 0 {
		t.Errorf("%s, %d segments", got, len(w.server.logs.segments))
	}
}

// An answer holds a bounded number of rows and says when there are more.
func TestAnAnswerIsBounded(t *testing.T) {
	w := newWorld(t).logged(0)
	path := accesslog.SegmentPath(filepath.Join(w.gateway.logs, "instance-0"), strings.ToUpper(gatewayURL), noon)
	r := accesslog.Record{ResourceID: strings.ToUpper(gatewayURL), OriginalURI: []byte("/" + strings.Repeat("x", 100_000))}
	var text []byte
	for i := range 200 {
		r.Start, r.Status = noon.Add(time.Duration(i)*time.Second), 200+i
		text = r.Append(text)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for query, first := range map[string]float64{
		"AGWAccessLogs": 200,
		"AGWAccessLogs | order by TimeGenerated desc": 399,
		"AGWAccessLogs | order by TimeGenerated asc":  200,
	} {
		a, rows := w.query(query, "")
		if a.status != http.StatusOK || a.at(t, "error", "code") != "PartialError" || len(rows) < 100 || len(rows) == 200 ||
			rows[0]["HttpStatus"] != first || len(a.text) > 2*logQueryRows {
			t.Errorf("%s: %d, %d rows, %d bytes, %v", query, a.status, len(rows), len(a.text), a.at(t, "error"))
		}
	}
	if a, rows := w.query("AGWAccessLogs | order by TimeGenerated desc | take 5", ""); len(rows) != 5 || a.at(t, "error") != nil {
		t.Errorf("%d rows, %v", len(rows), a.at(t, "error"))
	}
	if a, rows := w.query("AGWAccessLogs | count", ""); rows[0]["Count"] != 200.0 || a.at(t, "error") != nil {
		t.Errorf("%v", rows)
	}
}
