package kql

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func TestQueries(t *testing.T) {
	from, to := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC), time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	window := []Condition{{Column: TimeColumn, Op: ">=", Time: from}, {Column: TimeColumn, Op: "<", Time: to}}
	for text, want := range map[string]Query{
		"AGWAccessLogs": {Table: "AGWAccessLogs", Take: -1},
		"AGWAccessLogs | where _ResourceId =~ '/subscriptions/s' and TimeGenerated >= datetime(2026-11-30T09:00:00Z) and TimeGenerated < datetime(2026-11-30T10:00:00Z)": {
			Table: "AGWAccessLogs", Where: append([]Condition{{Column: "_ResourceId", Op: "=~", Text: "/subscriptions/s"}}, window...), Take: -1,
		},
		`AzureDiagnostics|where ResourceId=~"/S"|where Category=='Ag\'Log' and TimeGenerated>ago(1d)|count`: {
			Table: "AzureDiagnostics", Take: -1, Count: true,
			Where: []Condition{
				{Column: "ResourceId", Op: "=~", Text: "/S"},
				{Column: "Category", Op: "==", Text: "Ag'Log"},
				{Column: TimeColumn, Op: ">", Time: now.Add(-24 * time.Hour)},
			},
		},
		"AGWAccessLogs\n| order by TimeGenerated\n| take 10":  {Table: "AGWAccessLogs", Order: Descending, Take: 10},
		"AGWAccessLogs | sort by TimeGenerated asc | limit 0": {Table: "AGWAccessLogs", Order: Ascending},
		"T | where TimeGenerated <= now() | take 1 | count":   {Table: "T", Where: []Condition{{Column: TimeColumn, Op: "<=", Time: now}}, Take: 1, Count: true},
		"T | where S >= 500 and S<600 and P contains 'a b' and N == 7": {Table: "T", Take: -1, Where: []Condition{
			{Column: "S", Op: ">=", Number: 500, Numeric: true},
			{Column: "S", Op: "<", Number: 600, Numeric: true},
			{Column: "P", Op: "contains", Text: "a b"},
			{Column: "N", Op: "==", Number: 7, Numeric: true},
		}},
		"T | where TimeGenerated > datetime( 2026-11-30 )": {Table: "T", Where: []Condition{{Column: TimeColumn, Op: ">", Time: now.Add(-12 * time.Hour)}}, Take: -1},
	} {
		if got, err := Parse(text, now); err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: %v\n%+v\n%+v", text, err, got, want)
		}
	}
}

func TestQueriesThatAreNotUnderstood(t *testing.T) {
	for text, part := range map[string]string{
		"":                                      "",
		"'x'":                                   "'x'",
		"let x = 1; T":                          "x",
		"T | summarize count() by HttpStatus_d": "summarize",
		"T | project TimeGenerated":             "project",
		"T | where HttpStatus =~ 502":           "502",
		"T | where HttpStatus contains 5":       "5",
		"T | where HttpStatus >= 5xx":           "5xx",
		"T | where HttpStatus >= '500'":         "'500'",
		"T | where HttpStatus <":                "",
		"T | where Host startswith 'x'":         "startswith",
		"T | where Host =~ 'x' or Host =~ 'y'":  "or",
		"T | where Host =~ 'x":                  "'x",
		`T | where Host =~ 'a\n'`:               `'a\n'`,
		`T | where Host =~ 'a\'`:                `'a\'`,
		"T | where (Host =~ 'x')":               "(",
		"T | where TimeGenerated == now()":      "==",
		"T | where TimeGenerated > 'x'":         "'x'",
		"T | where TimeGenerated > ago(x)":      "ago(x)",
		"T | where TimeGenerated > ago(99999d)": "ago(99999d)",
		"T | where TimeGenerated > datetime(x)": "datetime(x)",
		"T | where TimeGenerated > now(1d)":     "now(1d)",
		"T | where TimeGenerated > datetime(2":  "",
		"T | where":                             "",
		"T | take many":                         "many",
		"T | take -1":                           "-",
		"T | take 10 | where Host =~ 'x'":       "where",
		"T | count | take 1":                    "take",
		"T | order by Host":                     "Host",
		"T | order by TimeGenerated, Host":      ",",
		"T | take 1 | take 2":                   "take",
		"T || count":                            "|",
		"T; T":                                  ";",
		"T | where Host =~ 'x' // y":            "/",
		"T | where Hόst =~ 'x'":                 "ό",
		strings.Repeat("T", QueryMax+1):         strings.Repeat("T", 20) + "…",
	} {
		_, err := Parse(text, now)
		var not *Error
		if !errors.As(err, &not) || not.Part != part || not.Want == "" || err.Error() == "" {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestErrorsSayWhatIsExpected(t *testing.T) {
	for text, want := range map[string]string{
		"T | where A == 'x' AND B == 'y'": `cannot read "AND": expected "and" or "|"`,
		"T where":                         `cannot read "where": expected "|"`,
		"T | where A ==":                  "the query ends too early: expected a text in quotes",
	} {
		if _, err := Parse(text, now); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("AGWAccessLogs | where _ResourceId =~ 'x' and TimeGenerated > ago(1d) | order by TimeGenerated asc | take 10")
	f.Add(`T | where A == "\"" | count`)
	f.Fuzz(func(t *testing.T, text string) {
		if q, err := Parse(text, now); (q == nil) == (err == nil) {
			t.Errorf("%v, %v", q, err)
		}
	})
}
