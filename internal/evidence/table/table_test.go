package table

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"causeway/internal/accesslog"
)

var heading = []string{"TimeGenerated", "HttpStatus", "TimeTaken", "RequestUri"}

// read is all rows of a table, the heading first.
func read(t interface{ Fatalf(string, ...any) }, text string) [][]string {
	rows, err := NewRows(bufio.NewReaderSize(strings.NewReader(text), 64<<10))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var all [][]string
	for {
		row, _, err := rows.Next()
		switch {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("%v in\n%s", err, text)
		}
		all = append(all, slices.Clone(row))
	}
}

// What encoding/csv writes is read back, whatever stands in the cells and between them.
func TestSeparatedTables(t *testing.T) {
	cell := rapid.StringMatching(`[ -~ä\n]{0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		comma := rapid.SampledFrom([]rune{',', ';', '\t', '|'}).Draw(t, "comma")
		want := [][]string{heading}
		for range rapid.IntRange(1, 4).Draw(t, "rows") {
			want = append(want, []string{"2026-11-23T12:00:00Z", "502", "0.1", cell.Draw(t, "cell")})
		}
		var text strings.Builder
		w := csv.NewWriter(&text)
		w.Comma = comma
		if err := w.WriteAll(want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, read(t, text.String())); diff != "" {
			t.Fatalf("%s\n%s", diff, text.String())
		}
	})
}

// One table in all the ways in which programs print it.
func TestLayouts(t *testing.T) {
	want := [][]string{heading, {"2026-11-23T12:00:00Z", "502", "0.03", "/a b"}, {"2026-11-23T12:00:01Z", "200", "1.5", "/"}}
	for name, text := range map[string]string{
		"markdown": "| TimeGenerated | HttpStatus | TimeTaken | RequestUri |\n|---|---|---|---|\n| 2026-11-23T12:00:00Z | 502 | 0.03 | /a b |\n| 2026-11-23T12:00:01Z | 200 | 1.5 | / |\n",
		"box":      "┌───┐\n│ TimeGenerated │ HttpStatus │ TimeTaken │ RequestUri │\n├───┤\n│ 2026-11-23T12:00:00Z │ 502 │ 0.03 │ /a b │\n│ 2026-11-23T12:00:01Z │ 200 │ 1.5 │ / │\n└───┘\n(2 rows)\n",
		"aligned with dashes": "TimeGenerated         HttpStatus  TimeTaken  RequestUri\n--------------------  ----------  ---------  ----------\n" +
			"2026-11-23T12:00:00Z  502         0.03       /a b\n2026-11-23T12:00:01Z  200         1.5        /\n",
		"aligned without": "TimeGenerated         HttpStatus  TimeTaken  RequestUri\n2026-11-23T12:00:00Z  502         0.03       /a b\n2026-11-23T12:00:01Z  200         1.5        /\n",
		"listed": "TimeGenerated : 2026-11-23T12:00:00Z\nHttpStatus    : 502\nTimeTaken     : 0.03\nRequestUri    : /a\n  b\n\n" +
			"TimeGenerated : 2026-11-23T12:00:01Z\nHttpStatus    : 200\nTimeTaken     : 1.5\nRequestUri    : /\n",
		"after a title": "Requests of the warehouse\n\nTimeGenerated,HttpStatus,TimeTaken,RequestUri\n2026-11-23T12:00:00Z,502,0.03,/a b\n2026-11-23T12:00:01Z,200,1.5,/\n",
	} {
		t.Run(name, func(t *testing.T) {
			want := want
			if name == "listed" { // a value that was wrapped is joined without the blank
				want = [][]string{heading, {"2026-11-23T12:00:00Z", "502", "0.03", "/ab"}, want[2]}
			}
			if diff := cmp.Diff(want, read(t, text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTextsThatHoldNoTable(t *testing.T) {
	for name, text := range map[string]string{
		"prose":           "The gateway answered 502, and the TimeTaken was long.\n",
		"another table":   "name,age,town\nAnn,41,Ghent\n",
		"too few columns": "TimeGenerated,HttpStatus,x\n",
		"nothing":         "",
	} {
		t.Run(name, func(t *testing.T) {
			if HasHeading([]byte(text)) {
				t.Error("it is taken for a table of the log")
			}
		})
	}
}

// A column decides how its numbers are written by the cells that can be read in one way only.
func TestNumbers(t *testing.T) {
	for _, x := range []struct {
		cell          string
		commas, whole bool
		want, unit    string
	}{
		{"0.19", false, false, "0.19", ""},
		{"0,19", true, false, "0.19", ""},
		{"1.202.400", true, true, "1202400", ""},
		{"1,202,400", false, true, "1202400", ""},
		{"1 202 400", false, true, "1202400", ""},
		{"1’202’400", false, true, "1202400", ""},
		{"12,00,000", false, true, "1200000", ""},
		{"30.004", false, false, "30.004", ""},
		{"30.004", true, true, "30004", ""},
		{"190 ms", false, false, "190", "ms"},
		{"1.5e3", false, false, "1.5e3", ""},
		{"-3", false, false, "-3", ""},
	} {
		t.Run(x.cell, func(t *testing.T) {
			got, unit, ok := plainNumber(x.cell, x.commas, x.whole)
			if !ok || got != x.want || unit != x.unit {
				t.Errorf("got %q %q %v, want %q %q", got, unit, ok, x.want, x.unit)
			}
		})
	}
	for _, cell := range []string{"", "-", "n/a", "12 13 x", "1,2,3"} {
		t.Run("no number: "+cell, func(t *testing.T) {
			if got, unit, ok := plainNumber(cell, false, false); ok && unit == "" {
				t.Errorf("read as %s", got)
			}
		})
	}
}

// A heading may give a unit; then a length of time becomes the log's seconds.
func TestUnitsOfHeadings(t *testing.T) {
	for _, x := range []struct {
		heading, cell, want string
		field               accesslog.Field
	}{
		{"TimeTaken", "0.19", "0.19", accesslog.Taken},
		{"TimeTaken_ms", "190", "0.19", accesslog.Taken},
		{"timeTaken [ms]", "190", "0.19", accesslog.Taken},
		{"Time Taken (s)", "0.19", "0.19", accesslog.Taken},
		{"timeTaken_d", "0.19", "0.19", accesslog.Taken},
		{"TimeTakenMicroseconds", "190000", "0.19", accesslog.Taken},
		{"ServerResponseLatency", "0.1, 0.2 : -", "0.1, 0.2, -", accesslog.Latency},
		{"ServerResponseLatency (ms)", "100, 200", "0.1, 0.2", accesslog.Latency},
	} {
		t.Run(x.heading, func(t *testing.T) {
			c := &StyleOf([]string{x.heading}).Columns[0]
			if c.Field != x.field {
				t.Fatalf("it is field %d, want %d", c.Field, x.field)
			}
			if got := c.Plain(x.cell); got != x.want {
				t.Errorf("%s became %s, want %s", x.cell, got, x.want)
			}
		})
	}
}

// A survey learns from the cells what the heading does not tell, and says what it had to assume.
func TestSurvey(t *testing.T) {
	survey := func(t *testing.T, text string) (*Style, error) {
		t.Helper()
		rows, err := NewRows(bufio.NewReaderSize(strings.NewReader(text), 64<<10))
		if err != nil {
			t.Fatal(err)
		}
		return Survey(rows)
	}
	const head = "TimeGenerated [UTC];HttpStatus;TimeTaken;RequestUri\n"
	t.Run("a day above twelve decides for all", func(t *testing.T) {
		s, err := survey(t, head+"03/04/2026 10:00:00;502;0,19;/a\n25/04/2026 10:00:00;502;0,2;/a\n")
		if err != nil || len(s.Notes) > 0 {
			t.Fatalf("%v, notes %q", err, s.Notes)
		}
		at, ok := s.Columns[0].Times.Parse([]byte("03/04/2026 10:00:00"))
		if !ok || !at.Equal(time.Date(2026, 4, 3, 10, 0, 0, 0, time.UTC)) {
			t.Errorf("%v %v", at, ok)
		}
		if got := s.Columns[2].Plain("0,19"); got != "0.19" {
			t.Errorf("0,19 became %s", got)
		}
	})
	t.Run("dates that go both ways are an assumption", func(t *testing.T) {
		s, err := survey(t, head+"03/04/2026 10:00:00;502;0,19;/a\n")
		if err != nil || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "month first, as in 03/04/2026") {
			t.Errorf("%v, notes %q", err, s.Notes)
		}
	})
	t.Run("milliseconds with decimals are seconds", func(t *testing.T) {
		s, err := survey(t, "TimeGenerated [UTC];HttpStatus;TimeTaken_ms;RequestUri\n2026-04-03T10:00:00Z;502;0.1904;/a\n")
		if err != nil || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "TimeTaken_ms is read in seconds") {
			t.Fatalf("%v, notes %q", err, s.Notes)
		}
		if got := s.Columns[2].Plain("0.1904"); got != "0.1904" {
			t.Errorf("0.1904 became %s", got)
		}
	})
	t.Run("a summary holds no requests", func(t *testing.T) {
		if s, err := survey(t, "HttpStatus,count_,BackendPoolName\n502,14,web\n"); err == nil || !strings.Contains(err.Error(), "count_") {
			t.Errorf("%v, %+v", err, s)
		}
	})
	t.Run("a table knows its own heading", func(t *testing.T) {
		s := StyleOf(heading)
		if !s.Fits(heading) || s.Fits(heading[1:]) || s.Fits([]string{"TimeGenerated", "HttpStatus", "TimeTaken", "Other"}) {
			t.Error("a style fits its own heading alone")
		}
	})
}

func TestHeadingsOfMetricsAndHealth(t *testing.T) {
	for name, x := range map[string]struct {
		names                 []string
		chart, list, isHealth bool
	}{
		"a chart":       {[]string{"Time", "Current Capacity Units (Avg), gw1"}, true, false, false},
		"a metric list": {[]string{"timeStamp", "name", "average"}, false, true, false},
		"health":        {[]string{"Server (backend pool)", "Status", "Port (Backend setting)", "Details"}, false, false, true},
		"health of az":  {[]string{"Address", "Health"}, false, false, true},
		"requests":      {heading, false, false, false},
		"one column":    {[]string{"Time"}, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := IsMetricHeading(x.names); got != x.chart {
				t.Errorf("chart %v", got)
			}
			if got := IsMetricList(x.names); got != x.list {
				t.Errorf("list %v", got)
			}
			if got := IsHealthHeading(x.names); got != x.isHealth {
				t.Errorf("health %v", got)
			}
		})
	}
	if got := MetricName(`"Backend First Byte Response Time (Avg), gw1"`); got != "BackendFirstByteResponseTime" {
		t.Errorf("got %s", got)
	}
}

// What a cell shows of how its column writes decimals.
func TestDecimalsOfACell(t *testing.T) {
	for cell, want := range map[string]decimals{
		"12": showsNothing, "n/a": showsNothing, "30.004": mayBeDot, "30,004": mayBeComma, "0.19": isDot, "0,19": isComma,
		"1.234,5": isComma, "1,234.5": isDot, "1.202.400": isComma, "1,202,400": isDot, "0.004": isDot, "1234.567": isDot,
	} {
		t.Run(cell, func(t *testing.T) {
			if got := decimalsIn(cell); got != want {
				t.Errorf("got %d, want %d", got, want)
			}
		})
	}
}
