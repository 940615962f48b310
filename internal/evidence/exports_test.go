package evidence

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/evidencetest"
)

// requestsOf is what a bundle makes of the warehouse's log, a line for each request.
func requestsOf(t *testing.T, b *Bundle) string {
	t.Helper()
	defer b.Close()
	var out []string
	err := b.Each(func(r *accesslog.Record, _ bool) {
		out = append(out, fmt.Sprintf("%s %d %s %s %v %s", r.Start.Format(time.RFC3339), r.Status, r.Method, r.URI, r.Taken, r.Pool))
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

const warehouseTold = `2026-11-20T08:07:05Z 200 GET /pallets?of=7 190ms docks
2026-11-20T08:07:11Z 504 GET /pallets 30.004s docks
2026-11-20T09:40:59Z 502 POST /labels 1.5s docks
2026-11-25T23:00:00Z 200 GET /labels 12s docks`

// same fails where a text is read otherwise than the warehouse's log is, or not wholly.
func same(t *testing.T, name, text string) *Bundle {
	t.Helper()
	b := open(t, evidencetest.Write(t, t.TempDir(), name, text))
	if got := requestsOf(t, b); got != warehouseTold || len(b.Unread) > 0 {
		t.Errorf("%s:\n%.700s\ngot\n%s\nnot read %v, notes %q", name, text, got, b.Unread, b.Notes)
	}
	return b
}

// Spreadsheets of Europe and America: separators, decimals and times in every combination.
func TestSpreadsheetsOfAllCountries(t *testing.T) {
	forms := []func(time.Time) string{
		evidencetest.LayoutTime(time.RFC3339), evidencetest.LayoutTime("2006-01-02T15:04:05,000Z"),
		evidencetest.LayoutTime("2006-01-02 15:04:05"), evidencetest.LayoutTime("1/2/2006 3:04:05 PM"),
		evidencetest.LayoutTime("02.01.2006 15:04:05"),
		evidencetest.LayoutTime("2.1.06 15:04:05"), evidencetest.LayoutTime("02/01/2006 15:04:05"),
		evidencetest.LayoutTime("02-01-2006 15.04.05"), evidencetest.LayoutTime("2006/01/02 15:04:05"),
		evidencetest.LayoutTime("2-Jan-2006 15:04:05"),
		evidencetest.LayoutTime("Jan 2, 2006 @ 15:04:05.000"), evidencetest.LayoutTime(time.RFC1123),
		evidencetest.LayoutTime("02/Jan/2006:15:04:05 -0700"),
		func(at time.Time) string { return at.In(time.FixedZone("", 7200)).Format("2006-01-02T15:04:05-07:00") },
		func(at time.Time) string {
			return strings.NewReplacer("AM", "a. m.", "PM", "p. m.").Replace(at.Format("2/1/2006, 3:04:05 PM"))
		},
		func(at time.Time) string {
			half := "上午"
			if at.Hour() >= 12 {
				half = "下午"
			}
			return at.Format("2006/1/2 ") + half + at.Format("3:04:05")
		},
		func(at time.Time) string { return fmt.Sprint(at.Unix()) },
		func(at time.Time) string { return fmt.Sprint(at.UnixMilli()) },
		func(at time.Time) string { return fmt.Sprint(at.UnixMicro()) },
		func(at time.Time) string { return fmt.Sprint(at.UnixNano()) },
		func(at time.Time) string { return fmt.Sprintf("/Date(%d)/", at.UnixMilli()) },
		func(at time.Time) string { return fmt.Sprintf("%.10f", 25569+float64(at.Unix())/86400) },
	}
	for _, comma := range []rune{',', ';', '\t', '|'} {
		for i, form := range forms {
			for _, decimalComma := range []bool{false, true} {
				same(t, fmt.Sprintf("sheet-%d.csv", i), evidencetest.Sheet(comma, evidencetest.Times(form, decimalComma)))
			}
		}
	}
}

// What stands before a heading is passed over, and headings are known in any case and with units.
func TestHeadings(t *testing.T) {
	plain := evidencetest.Sheet(',', evidencetest.AsIs)
	same(t, "sep.csv", "sep=;\r\n"+evidencetest.Sheet(';', evidencetest.AsIs))
	same(t, "type.csv", "#TYPE Selected.System.Management.Automation.PSCustomObject\n"+plain)
	same(t, "title.csv", "Access log of the warehouse\nexported by Kim\n\n\n"+plain)
	same(t, "upper.csv", strings.Replace(plain, strings.Join(evidencetest.Warehouse.Heading, ","),
		strings.ToUpper(strings.Join(evidencetest.Warehouse.Heading, ",")), 1))
	same(t, "seconds.csv", strings.Replace(plain, "TimeTaken", "TimeTaken (s)", 1))
	same(t, "typed.csv", strings.NewReplacer("TimeTaken", "timeTaken_d", "HttpStatus", "httpStatus_d", "RequestUri",
		"requestUri_s").Replace(plain))
	same(t, "returns.csv", strings.ReplaceAll(plain, "\n", "\r"))
	same(t, "marked.csv", utf16Text(evidencetest.Sheet('\t', evidencetest.AsIs)))
	same(t, "unmarked.csv", utf16Text(evidencetest.Sheet('\t', evidencetest.AsIs))[2:])
}

// Numbers with units, with marks between thousands, and of a column that says milliseconds.
func TestNumbersAsPeopleHaveThem(t *testing.T) {
	only := func(column string, f func(string) string) string {
		return evidencetest.Sheet(',', func(name, cell string) string {
			if name == column {
				return f(cell)
			}
			return cell
		})
	}
	same(t, "units.csv", only("TimeTaken", func(cell string) string { return cell + " s" }))
	same(t, "mixed.csv", only("TimeTaken", func(cell string) string {
		return map[string]string{"0.19": "190 ms", "12": "0.2 min"}[cell] + map[string]string{"30.004": "30.004 s", "1.5": "1500 ms"}[cell]
	}))
	same(t, "bytes.csv", only("SentBytes", func(cell string) string {
		return map[string]string{"1202400": "1,202,400"}[cell] + map[string]string{"2400": "2,400", "1183": "1'183"}[cell]
	}))
	ms := only("TimeTaken", func(cell string) string {
		return map[string]string{"0.19": "190", "30.004": "30004", "1.5": "1500", "12": "12000"}[cell]
	})
	same(t, "ms.csv", strings.Replace(ms, "TimeTaken", "TimeTaken_ms", 1))
	same(t, "ms2.csv", strings.Replace(ms, "TimeTaken", "Time Taken (ms)", 1))
	b := same(t, "renamed.csv", strings.Replace(evidencetest.Sheet(',', evidencetest.AsIs), "TimeTaken", "TimeTaken_ms", 1))
	if notes := strings.Join(b.Notes, "\n"); !strings.Contains(notes, "TimeTaken_ms is read in seconds") {
		t.Errorf("notes %q", notes)
	}
}

// Milliseconds of the first generation, with marks between thousands, are no decimals.
func TestThousandsOfMilliseconds(t *testing.T) {
	for _, mark := range []string{",", "."} {
		t.Run(mark, func(t *testing.T) {
			b := open(t, evidencetest.Write(t, t.TempDir(), "v1.csv", "TimeGenerated;InstanceId;HttpStatus;TimeTaken;ClientIp\n"+
				"2026-11-20T08:00:00Z;ApplicationGatewayRole_IN_0;502;30"+mark+
				"004;198.51.100.4\n2026-11-20T08:00:01Z;ApplicationGatewayRole_IN_0;200;186;198.51.100.4\n"))
			if got := requestsOf(t, b); !strings.Contains(got, "30.004s") || !strings.Contains(got, "186ms") {
				t.Errorf("%s: got %s", mark, got)
			}
		})
	}
}

// A number that cannot be read is not 0: its row counts nowhere, and the report says so.
func TestNumbersThatAreNone(t *testing.T) {
	for _, x := range []struct{ column, cell, reason string }{
		{"TimeTaken", "slow", "timeTaken is no number"},
		{"TimeTaken", "0,186", "timeTaken is no number"}, // of a file whose decimals have points
		{"TimeTaken", "-5", "timeTaken is no number"},
		{"TimeTaken", "1e308", "timeTaken is no number"},
		{"HttpStatus", "OK", "httpStatus is no number"},
	} {
		t.Run(x.column, func(t *testing.T) {
			n := 0
			b := open(t, evidencetest.Write(t, t.TempDir(), "a.csv", evidencetest.Sheet(',', func(name, cell string) string {
				if name == x.column {
					if n++; n == 2 {
						return x.cell
					}
				}
				return cell
			})))
			got := requestsOf(t, b)
			if strings.Count(got, "\n") != 2 || strings.Contains(got, "/pallets 0s") || len(b.Unread) != 1 || b.Unread[0].Line != 3 ||
				!strings.Contains(b.Unread[0].Reason, x.reason) {
				t.Errorf("%s %q: got\n%s\nnot read %v", x.column, x.cell, got, b.Unread)
			}
			if notes := strings.Join(b.Notes, "\n"); !strings.Contains(notes, "1 line could not be read") {
				t.Errorf("notes %q", notes)
			}
		})
	}
	b := open(t, evidencetest.Write(t, t.TempDir(), "a.json", strings.Replace(evidencetest.ManyRows(), `"timeTaken":0.034`,
		`"timeTaken":"0,034"`, 1)))
	if n := count(t, b); n != 2 || b.Bad != 1 {
		t.Errorf("%d rows, %d bad: %v", n, b.Bad, b.Unread)
	}
}

// Times without seconds are read, and the report says what is lost.
func TestTimesWithoutSeconds(t *testing.T) {
	b := open(t, evidencetest.Write(t, t.TempDir(), "a.csv",
		evidencetest.Sheet(',', evidencetest.Times(evidencetest.LayoutTime("1/2/2006 15:04"), false))))
	if got := requestsOf(t, b); !strings.HasPrefix(got, "2026-11-20T08:07:00Z 200") ||
		!strings.Contains(strings.Join(b.Notes, "\n"), "no seconds") {
		t.Errorf("got\n%s\nnotes %q", got, b.Notes)
	}
}

// Tables of text: of tickets, of database shells, of consoles.
func TestTablesOfText(t *testing.T) {
	width := make([]int, len(evidencetest.Warehouse.Heading))
	for _, row := range append([][]string{evidencetest.Warehouse.Heading}, evidencetest.Warehouse.Rows...) {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	table := func(left, between, right string, rule func(i int) string, ends bool) string {
		var out strings.Builder
		line := func(cell func(i int) string) {
			out.WriteString(left)
			for i := range width {
				if i > 0 {
					out.WriteString(between)
				}
				fmt.Fprintf(&out, "%-*s", width[i], cell(i))
			}
			out.WriteString(right + "\n")
		}
		if ends {
			line(rule)
		}
		line(func(i int) string { return evidencetest.Warehouse.Heading[i] })
		if rule != nil {
			line(rule)
		}
		for _, row := range evidencetest.Warehouse.Rows {
			line(func(i int) string { return row[i] })
		}
		if ends {
			line(rule)
		}
		return out.String()
	}
	dashes := func(i int) string { return strings.Repeat("-", width[i]) }
	same(t, "ticket.md", "Can somebody look at this?\n\n"+table("| ", " | ", " |", func(int) string { return "---" }, false)+
		"\nThanks | Kim\n")
	same(t, "psql.txt", table(" ", " | ", "", dashes, false)+"(4 rows)\n")
	same(t, "kusto.txt", strings.ReplaceAll(table("| ", " | ", " |", dashes, true), "- | -", "---+-"))
	same(t, "az.txt", table("", "  ", "", dashes, false))
	same(t, "console.txt", "\n"+
		table("", " ", "", func(i int) string { return strings.Repeat("-", len(evidencetest.Warehouse.Heading[i])) }, false)+"\n\n")
	same(t, "wide.txt", table("", "   ", "", nil, false))
	var list strings.Builder
	for _, row := range evidencetest.Warehouse.Rows {
		for i, cell := range row {
			fmt.Fprintf(&list, "%-21s : %s\r\n", evidencetest.Warehouse.Heading[i], cell)
		}
		list.WriteString("\r\n")
	}
	same(t, "list.txt", "\r\n\r\n"+list.String())
	same(t, "list16.txt", utf16Text("\r\n"+list.String()))
}

// Log stores and shippers wrap records in JSON of their own.
func TestRecordsInEnvelopes(t *testing.T) {
	at := func(i int) string { return evidencetest.Warehouse.Rows[i][0] }
	ns := func(i int) string {
		when, _ := time.Parse(time.RFC3339, at(i))
		return fmt.Sprint(when.UnixNano())
	}
	undated := func(record string) string { return "{" + record[strings.Index(record, `"category"`):] }
	all := `{"records":[` + strings.Join(evidencetest.Blobs(), ",") + `]}`
	same(t, "splunk.json", evidencetest.Each("\n", func(i int, r string) string {
		return fmt.Sprintf(`{"preview":false,"result":{"_raw":%s,"_time":%q,"host":"h"}}`, evidencetest.Quoted(r), at(i))
	}))
	same(t, "splunk-results.json", `{"preview":false,"results":[`+
		evidencetest.Each(",", func(_ int, r string) string { return `{"_raw":` + evidencetest.Quoted(r) + `}` })+`]}`)
	same(t, "splunk.csv", "_raw,_time,host,source\n"+
		evidencetest.Each("\n", func(i int, r string) string { return `"` + strings.ReplaceAll(r, `"`, `""`) + `",` + at(i) + ",h,s" }))
	same(t, "elastic.json", `{"took":3,"hits":{"total":{"value":4},"hits":[`+evidencetest.Each(",", func(i int, r string) string {
		return fmt.Sprintf(`{"_index":"x","_source":{"@timestamp":%q,"message":%s,"event":{"original":%s},"azure":%s}}`, at(i),
			evidencetest.Quoted(r), evidencetest.Quoted(r), r)
	})+`]}}`)
	same(t, "datadog.json", `{"data":[`+evidencetest.Each(",", func(i int, r string) string {
		return fmt.Sprintf(`{"id":"A","attributes":{"timestamp":%q,"attributes":%s}}`, at(i), r)
	})+`]}`)
	same(t, "datadog.ndjson", evidencetest.Each("\n", func(i int, r string) string {
		return fmt.Sprintf(`{"content":{"timestamp":%q,"host":"h","attributes":%s}}`, at(i), undated(r))
	}))
	same(t, "loki.json", `{"streams":[{"stream":{"job":"gw"},"values":[`+evidencetest.Each(",",
		func(i int, r string) string { return fmt.Sprintf(`[%q,%s]`, ns(i), evidencetest.Quoted(undated(r))) })+`]}]}`)
	same(t, "loki-query.json", `{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[`+
		evidencetest.Each(",", func(i int, r string) string { return fmt.Sprintf(`[%q,%s]`, ns(i), evidencetest.Quoted(r)) })+`]}]}}`)
	same(t, "logcli.jsonl", evidencetest.Each("\n", func(i int, r string) string {
		return fmt.Sprintf(`{"labels":{},"line":%s,"timestamp":%q}`, evidencetest.Quoted(r), at(i))
	}))
	same(t, "logcli.txt", evidencetest.Each("\n", func(i int, r string) string { return at(i) + ` {job="gw"} ` + r }))
	same(t, "syslog.txt", evidencetest.Each("\n", func(i int, r string) string { return "<134>1 " + at(i) + " host gw - - - " + r }))
	same(t, "hub-text.json", `[{"body":`+evidencetest.Quoted(all)+`,"enqueuedTime":"2026-11-26T00:00:00Z"}]`)
	same(t, "hub-base64.json", `{"body":"`+base64.StdEncoding.EncodeToString([]byte(all))+`"}`)
	same(t, "hub-object.json", `[{"event":{"body":`+all+`}}]`)
	same(t, "hub-large.json", `{"Offset":"1","Body":"`+base64.StdEncoding.EncodeToString([]byte(all+strings.Repeat(" ", 100<<10)))+`"}`)
}

// Documents are no envelopes, though they speak of the log.
func TestDocumentsAreNoEnvelopes(t *testing.T) {
	b := open(t, evidencetest.Write(t, t.TempDir(), "t.json",
		`{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","resources":[{"type":"Microsoft.Insights/diagnosticSettings","name":"d","properties":{"logs":[{"category":"ApplicationGatewayAccessLog","enabled":true}]}}]}`))
	if b.Logs() != 0 || len(b.Unread) != 1 || !strings.Contains(b.Unread[0].Reason, "ARM template") {
		t.Errorf("%d logs, not read %v", b.Logs(), b.Unread)
	}
}

// Queries that rename what they must not, or count, are named as what they are, with the query to run instead.
func TestQueriesThatAreNoRows(t *testing.T) {
	for _, x := range []struct{ name, text, reason string }{
		{"count.json", `[{"TimeGenerated":"2026-11-20T08:00:00Z","HttpStatus":502,"count_":7}]`, "it is a summary: count_"},
		{"named.json", `[{"RequestUri":"/a","HttpStatus":502,"Failures":7}]`, "it is a summary: Failures"},
		{
			"percentile.csv", "TimeGenerated,BackendPoolName,percentile_TimeTaken_95\n2026-11-20T08:00:00Z,docks,1.5\n",
			"it is a summary: percentile_TimeTaken_95",
		},
		{"count.txt", "HttpStatus    count_\n------------  --------\n502           7\n", "it is a summary"},
		{
			"count-api.json", `{"tables":[{"name":"PrimaryResult","columns":[{"name":"HttpStatus"},{"name":"count_"}],"rows":[[502,7]]}]}`,
			"it is a summary",
		},
		{"typed.json", `[{"httpStatus_d":502,"backendPoolName_s":"docks","count_":7}]`, "AzureDiagnostics |"},
		{"status.json", `[{"TimeGenerated":"2026-11-20T08:00:00Z","Code":502,"RequestUri":"/a","TimeTaken":1,"ServerRouted":"10.9.0.4:80"}]`, "Code may be it: it has to be called HttpStatus"},
		{"time.csv", "When,HttpStatus,RequestUri,TimeTaken\n2026-11-20T08:00:00Z,502,/a,1\n", "When may be it"},
	} {
		t.Run(x.name, func(t *testing.T) {
			b := open(t, evidencetest.Write(t, t.TempDir(), x.name, x.text))
			if b.Logs() != 0 || len(b.Unread) != 1 || !strings.Contains(b.Unread[0].Reason, x.reason) ||
				!strings.Contains(b.Unread[0].Reason, "TimeGenerated > ago(1d)") {
				t.Errorf("%s: %d logs, not read %v", x.name, b.Logs(), b.Unread)
			}
		})
	}
}

// A log that was recognised and of which nothing came is reported.
func TestLogsThatYieldNothing(t *testing.T) {
	b := open(t, evidencetest.Write(t, t.TempDir(), "a.csv", strings.Join(evidencetest.Warehouse.Heading, ",")+"\n"))
	if got := requestsOf(t, b); got != "" || len(b.Unread) != 1 || !strings.Contains(b.Unread[0].Reason, "no row") || !b.Fruitless() {
		t.Errorf("got %q, not read %v", got, b.Unread)
	}
}

// A quote that is never closed costs its own file, and not the memory that all the rest would take.
func TestQuoteThatIsNotClosed(t *testing.T) {
	b := open(t, evidencetest.Write(t, t.TempDir(), "a.csv", evidencetest.Sheet(',', evidencetest.AsIs)+"\"2026"+
		strings.Repeat("x,", 12<<20)))
	if got := requestsOf(t, b); got != warehouseTold || len(b.Unread) == 0 || !strings.Contains(fmt.Sprint(b.Unread), "an unclosed quote") {
		t.Errorf("got\n%s\nnot read %v", got, b.Unread)
	}
}

// A row of a list that does not end costs time that grows with its length, and its file.
func TestListThatDoesNotEnd(t *testing.T) {
	for _, junk := range []string{" y\n", "a : y\n"} {
		t.Run(junk, func(t *testing.T) {
			b := open(t, evidencetest.Write(t, t.TempDir(), "a.txt",
				"TimeGenerated : 2026-11-20T08:00:00Z\nHttpStatus : 502\nTimeTaken : 1\nRequestUri : /a\n\nHttpStatus : 502\n"+
					strings.Repeat(junk, 3<<20)))
			if got := requestsOf(t, b); !strings.HasPrefix(got, "2026-11-20T08:00:00Z 502") || len(b.Unread) == 0 {
				t.Errorf("got %q, not read %v", got, b.Unread)
			}
		})
	}
}

// Brackets that are never closed cost time that grows with their number, and the rows before them are read.
func TestEnvelopesThatDoNotEnd(t *testing.T) {
	begun := time.Now()
	for _, junk := range []string{"{", "{\"", "{{}", "[{\"a\":"} {
		t.Run(junk, func(t *testing.T) {
			row := evidencetest.Each("\n", func(_ int, r string) string { return `{"_raw":` + evidencetest.Quoted(r) + `}` })
			b := open(t, evidencetest.Write(t, t.TempDir(), "a.json", row+"\n"+strings.Repeat(junk, 1<<20)))
			if got := requestsOf(t, b); got != warehouseTold || len(b.Unread) == 0 {
				t.Errorf("%s: got\n%s\nnot read %v", junk, got, b.Unread)
			}
		})
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

// What people have beside a log is named as what it is, with the way to what is read.
func TestFilesThatAreNoEvidence(t *testing.T) {
	mapped := `{"@timestamp":"2026-11-20T08:00:00Z","azure":{"application_gateway":{"backend_pool":"docks"}},"http":{"response":{"status_code":502}}}`
	for text, reason := range map[string]string{
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600): "save it as .xlsx",
		"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n":                                  "it is a PDF",
		"<!DOCTYPE html><title>Sign in</title>":                          "a page to sign in",
		"2026-11-20T08:00:00Z\t502\t/a\t1.5\tAGWAccessLogs\n":            "without its heading",
		mapped:                   "Preserve original event",
		mapped + "\n" + mapped:   "Preserve original event",
		"{\"a\":1}\n{\"a\":2}\n": "a sequence of JSON values",
		"{\"a\":1}\n{\"a\":":     "it is not valid JSON",
		`{"terraform_version":"1.9","lineage":"l","resources":[{"type":"azurerm_application_gateway","status_code":[1]}]}`: "Terraform state",
		"TIMEGENERATED          HTTPSTATUS   REQUESTURI   TIMETAKEN\n2026-11-20T08:00:00Z502          /a           1\n":    "do not line up with the heading",
	} {
		t.Run(text, func(t *testing.T) {
			b := open(t, evidencetest.Write(t, t.TempDir(), "a.txt", text))
			if got := requestsOf(t, b); got != "" || len(b.Unread) == 0 || !strings.Contains(b.Unread[0].Reason, reason) {
				t.Errorf("%.80q: got %q, not read %v", text, got, b.Unread)
			}
		})
	}
}

// Objects that PowerShell and az make of rows: times as objects, dates in local forms, YAML.
func TestRowsAsObjects(t *testing.T) {
	rows := func(at func(time.Time) string) string {
		var all []string
		for _, row := range evidencetest.Warehouse.Rows {
			when, _ := time.Parse(time.RFC3339, row[0])
			members := []string{`"TimeGenerated":` + at(when)}
			for i, cell := range row[1:] {
				members = append(members, evidencetest.Quoted(evidencetest.Warehouse.Heading[i+1])+":"+evidencetest.Quoted(cell))
			}
			all = append(all, "{"+strings.Join(members, ",")+"}")
		}
		return "[" + strings.Join(all, ",\n") + "]"
	}
	same(t, "ps51.json", rows(func(at time.Time) string {
		return fmt.Sprintf(`{"value":"\\/Date(%d)\\/","DisplayHint":2,"DateTime":"Friday"}`, at.UnixMilli())
	}))
	same(t, "local.json", rows(func(at time.Time) string { return evidencetest.Quoted(at.Format("02/01/2006 15:04:05")) }))
	same(t, "number.json", rows(func(at time.Time) string { return fmt.Sprint(at.UnixMilli()) }))
	y, err := yaml.JSONToYAML([]byte(rows(func(at time.Time) string { return evidencetest.Quoted(at.Format(time.RFC3339)) })))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "az.yaml", string(y))
}
