package lab

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/lab/stretch"
)

// A row of an export has every duration ten times as long, and the second of its end for a stamp; the trace is gone.
func TestExportedRow(t *testing.T) {
	end := time.Date(2026, 11, 3, 9, 0, 10, 0, time.UTC)
	e := exporter{names: strings.NewReplacer(), clock: stretch.Clock{End: end}}
	f := func(v1 bool, want map[string]string) {
		t.Helper()
		r := accesslog.Record{
			V1: v1, Start: end.Add(-9750 * time.Millisecond), Taken: 1003 * time.Millisecond, Status: 200,
			ClientTime: 2 * time.Millisecond, Attempts: []accesslog.Attempt{
				{Connect: accesslog.Unset, HeaderTime: accesslog.Unset, Total: 100 * time.Millisecond},
				{Connect: time.Millisecond, HeaderTime: 900 * time.Millisecond, Total: 903 * time.Millisecond, Status: 200},
			},
		}
		row, err := e.row(r.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		var record, properties map[string]json.RawMessage
		if err := json.Unmarshal(row.line, &record); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(record["properties"], &properties); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s%s", record["timeStamp"], record["time"]); !strings.HasPrefix(got, `"2026-11-03T08:58:42`) {
			t.Errorf("stamp %s, want 08:58:42: the request ended 8.747 s before the play", got)
		}
		for name, value := range want {
			if got := string(properties[name]); got != value {
				t.Errorf("%s is %s, want %s", name, got, value)
			}
		}
		if trace, ok := properties["causeway"]; ok {
			t.Errorf("the trace is still there: %s", trace)
		}
	}
	f(false, map[string]string{
		"timeTaken": "10.030", "clientResponseTime": "0.020", "serverConnectTime": `"-, 0.010"`,
		"serverHeaderTime": `"-, 9.000"`, "serverResponseLatency": `"1.000, 9.030"`,
	})
	f(true, map[string]string{"timeTaken": "10030", "serverConnectTime": ""})
}
