package envelope

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// record is a record of the access log with a number.
func record(n int) string {
	return fmt.Sprintf(`{"timeStamp":"2026-11-23T09:00:00Z","category":"ApplicationGatewayAccessLog","properties":{"httpStatus":502,"transactionId":"%032x"}}`, n)
}

// fataler is a test, of package testing or of rapid.
type fataler interface{ Fatalf(string, ...any) }

func quoted(t fataler, s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(text)
}

// wrappings are the ways in which stores and shippers wrap a text or an object.
var wrappings = map[string]func(t fataler, inner string) string{
	"as it is": func(_ fataler, inner string) string { return inner },
	"an array": func(_ fataler, inner string) string { return "[" + inner + "]" },
	"a member": func(_ fataler, inner string) string {
		return `{"host":"a","event":` + inner + `}`
	},
	"a text": func(t fataler, inner string) string {
		return `{"_raw":` + quoted(t, inner) + `}`
	},
	"of syslog": func(t fataler, inner string) string {
		return `{"message":` + quoted(t, "<134>1 a gw - - "+inner) + `}`
	},
	"base64": func(t fataler, inner string) string {
		return `{"Body":` + quoted(t, base64.StdEncoding.EncodeToString([]byte(inner))) + `}`
	},
	"records": func(_ fataler, inner string) string { return `{"records":[` + inner + `]}` },
	"a pair with a time, as Loki has it": func(t fataler, inner string) string {
		return `{"values":[["1795435200000000000",` + quoted(t, inner) + `]]}`
	},
}

// A record is found in each wrapping, and in one wrapping inside another.
func TestRecordsAreFoundAtEveryDepth(t *testing.T) {
	for outer, wrapOuter := range wrappings {
		for inner, wrapInner := range wrappings {
			t.Run(inner+" in "+outer, func(t *testing.T) {
				if outer == "of syslog" && (inner == "an array") {
					t.Skip("a line of syslog ends with an object")
				}
				text := wrapOuter(t, wrapInner(t, record(7)))
				rows := RowsIn([]byte(text))
				if len(rows) != 1 || transactionIn(rows[0]) != fmt.Sprintf("%032x", 7) {
					t.Errorf("%d rows in %s: %s", len(rows), text, rows)
				}
			})
		}
	}
}

// A stream of wrapped records gives all of them, in their order, whatever stands between.
func TestOpener(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		n := rapid.IntRange(0, 20).Draw(t, "records")
		for i := range n {
			text.WriteString(rapid.SampledFrom([]string{"\n", " ", ",", "garbage ", "\r\n"}).Draw(t, "between"))
			fmt.Fprintf(&text, `{"n":%d,"_raw":%s}`, i, quoted(t, record(i)))
		}
		out, err := io.ReadAll(NewOpener(bufio.NewReader(strings.NewReader(text.String()))))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		if n == 0 {
			lines = lines[1:]
		}
		if len(lines) != n {
			t.Fatalf("%d lines of %d records: %s", len(lines), n, out)
		}
		for i, line := range lines {
			if transactionIn([]byte(line)) != fmt.Sprintf("%032x", i) {
				t.Fatalf("line %d: %s", i, line)
			}
		}
	})
}

// Rows in an array, indented or not, become lines that hold the same JSON.
func TestSplitter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := []any{}
		for i := range rapid.IntRange(0, 8).Draw(t, "rows") {
			rows = append(rows, map[string]any{
				"n": i, "text": rapid.StringMatching(`[ -~ä]{0,12}`).Draw(t, "text"),
				"list": []any{1, map[string]any{"a": nil}},
			})
		}
		var whole any = rows
		if rapid.Bool().Draw(t, "wrapped") {
			whole = map[string]any{"records": rows}
		}
		data, err := json.MarshalIndent(whole, "", rapid.SampledFrom([]string{"", "  ", "\t"}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		out, err := io.ReadAll(NewSplitter(bufio.NewReader(strings.NewReader(string(data)))))
		if err != nil {
			t.Fatal(err)
		}
		got := []any{}
		for line := range strings.Lines(string(out)) {
			var row any
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			got = append(got, row)
		}
		want, _ := json.Marshal(rows)
		if back, _ := json.Marshal(got); string(back) != string(want) {
			t.Fatalf("got %s, want %s", back, want)
		}
	})
}

// Brackets that are never closed end the reading with an error, not with hours of work.
func TestUnclosedBrackets(t *testing.T) {
	in := strings.NewReader(strings.Repeat(`{"a":`, 4*maxOpen))
	if _, err := io.ReadAll(NewOpener(bufio.NewReader(in))); err == nil || !strings.Contains(err.Error(), "unclosed bracket or quote") {
		t.Errorf("%v", err)
	}
}

// Documents name categories too: only what a record cannot lack makes one.
func TestWhatIsNoRecord(t *testing.T) {
	for name, text := range map[string]string{
		"settings of a log": `{"logs":[{"category":"ApplicationGatewayAccessLog","enabled":true}]}`,
		"a number":          `7`,
		"a text":            `"ApplicationGatewayAccessLog"`,
		"half a record":     record(1)[:60],
		"nothing":           ``,
	} {
		t.Run(name, func(t *testing.T) {
			if rows := RowsIn([]byte(text)); len(rows) > 0 {
				t.Errorf("found %s", rows)
			}
		})
	}
}
