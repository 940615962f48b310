package lab

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"causeway/internal/lab/stretch"
)

// A row of an export has every duration ten times as long, and the stamp of its end; the trace is gone.
func TestExportedRow(t *testing.T) {
	e := exporter{names: strings.NewReplacer(), clock: stretch.Clock{End: time.Date(2026, 11, 3, 9, 0, 10, 0, time.UTC)}}
	f := func(line, stamp, want string) {
		t.Helper()
		row, err := e.row([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		var record map[string]any
		if err := json.Unmarshal(row, &record); err != nil {
			t.Fatal(err)
		}
		inner, err := json.Marshal(record["properties"])
		if got := record[stamp]; got != "2026-11-03T08:58:40+00:00" && got != "2026-11-03T08:58:40Z" {
			t.Errorf("stamp %v, want 08:58:40: the request ended 8.997 s before the play", got)
		}
		if err != nil || string(inner) != want {
			t.Errorf("%s, want %s", inner, want)
		}
	}
	f(`{"timeStamp":"2026-11-03T09:00:00.000Z","properties":{"timeTaken":1.003,"clientResponseTime":0.002,"serverConnectTime":"-, 0.001",
		"serverHeaderTime":"-, 0.900","serverResponseLatency":"0.100, 0.903","serverRouted":"10.1.0.4:8080, 10.1.0.5:8080","causeway":{"v":1}}}`,
		"timeStamp", `{"clientResponseTime":0.02,"serverConnectTime":"-, 0.010","serverHeaderTime":"-, 9.000",`+
			`"serverResponseLatency":"1.000, 9.030","serverRouted":"10.1.0.4:8080, 10.1.0.5:8080","timeTaken":10.03}`)
	f(`{"time":"2026-11-03T09:00:00Z","properties":{"timeTaken":1003,"causeway":{"v":1}}}`,
		"time", `{"timeTaken":10030}`)
}
