package table

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/envelope"
)

// Column is one column of a table.
type Column struct {
	name    string
	Field   accesslog.Field
	unit    time.Duration        // that the heading gives; 0: the log's own
	Times   *accesslog.TimeStyle // of a column of times
	commas  bool                 // a comma stands before the decimals
	grouped bool                 // of durations: the marks are of thousands, as in the milliseconds of the first generation
}

// durations are the fields that hold times in seconds.
var durations = []accesslog.Field{
	accesslog.Taken, accesslog.Latency, accesslog.ConnectTime, accesslog.HeaderTime, accesslog.ClientTime, accesslog.WAFTime,
	accesslog.SessionTime,
}

// wholes are the fields that hold whole numbers.
var wholes = []accesslog.Field{
	accesslog.Status, accesslog.Sent, accesslog.Received, accesslog.ClientPort, accesslog.Serial, accesslog.Uses, accesslog.ServerStatus,
	accesslog.SourcePort,
}

// reals are the fields that hold numbers of any kind.
var reals = []accesslog.Field{
	accesslog.Total, accesslog.Average, accesslog.Minimum, accesslog.Maximum, accesslog.Samples, accesslog.Healthy, accesslog.Unhealthy,
	accesslog.Requests,
	accesslog.Failed, accesslog.Throughput, accesslog.AverageLatency,
}

// unitAtEnd is a unit at the end of a heading: TimeTaken_ms, TimeTaken (s), timeTaken [ms], TimeTakenSec.
var unitAtEnd = regexp.MustCompile(`(?i)^(.+?)[\s_.]*[([]?(milliseconds?|millis|msecs?|ms|microseconds?|usecs?|us|µs|seconds?|secs?|s)[)\]]?$`)

// units are the times that units stand for.
var units = map[string]time.Duration{
	"ms": time.Millisecond, "millisecond": time.Millisecond, "milliseconds": time.Millisecond, "millis": time.Millisecond,
	"msec": time.Millisecond, "msecs": time.Millisecond,
	"us": time.Microsecond, "µs": time.Microsecond, "μs": time.Microsecond, "usec": time.Microsecond, "usecs": time.Microsecond,
	"microsecond": time.Microsecond, "microseconds": time.Microsecond,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second, "sek": time.Second,
	"min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute, "m": time.Minute, "h": time.Hour,
	"hour": time.Hour, "hours": time.Hour,
	"ns": time.Nanosecond,
}

// columnOf is the field that a heading stands for, and the unit that it gives. The log's own names have none.
func columnOf(name string) (accesslog.Field, time.Duration) {
	name = strings.TrimSpace(strings.Trim(strings.TrimSpace(name), `"`))
	if m := unitAtEnd.FindStringSubmatch(name); m != nil {
		if field := fieldOf(m[1]); slices.Contains(durations, field) {
			unit := units[strings.ToLower(m[2])]
			if unit == time.Second && accesslog.FieldOf(name) == field { // timeTaken_s is a text of AzureDiagnostics
				unit = 0
			}
			return field, unit
		}
	}
	return fieldOf(name), 0
}

// fieldOf is accesslog.FieldOf for headings that people wrote, with blanks or hyphens between the words, and
// for the paths that log stores make of names.
func fieldOf(name string) accesslog.Field {
	if field := accesslog.FieldOf(name); field != accesslog.Ignored {
		return field
	}
	if field := accesslog.FieldOf(strings.NewReplacer(" ", "", "-", "").Replace(name)); field != accesslog.Ignored {
		return field
	}
	last := strings.TrimLeft(name[strings.LastIndexByte(name, '.')+1:], "@_") // @timestamp, azure.properties.httpStatus
	return accesslog.FieldOf(last)
}

// rowQuery asks a workspace for the requests themselves, in the table that names of columns are of.
func rowQuery(names []string) string {
	if slices.ContainsFunc(names, typed.MatchString) {
		return `AzureDiagnostics | where Category == "ApplicationGatewayAccessLog" and TimeGenerated > ago(1d)`
	}
	return "AGWAccessLogs | where TimeGenerated > ago(1d)"
}

// typed is a column of AzureDiagnostics, whose names end with their type.
var typed = regexp.MustCompile(`[a-z]_[sdg]$`)

// countName is what a query calls a column that it has computed over many rows.
var countName = regexp.MustCompile(`(?i)^(count|dcount|countif|dcountif|sum|sumif|avg|avgif|min|max|percentiles?|stdev|variance|any|arg_max|arg_min|make_(set|list)|set|list|p\d\d)_`)

// countWord is a word for a number of requests in a name that a user chose.
var countWord = regexp.MustCompile(`(?i)(count|requests|failures|errors|hits|total)$`)

// summaryColumn is the column of names by which a table holds numbers of requests and not requests; empty if none does.
func summaryColumn(names []string) string {
	for _, name := range names {
		if countName.MatchString(name) {
			return name
		}
	}
	if ownColumns(names) {
		return ""
	}
	for _, name := range names {
		if field, _ := columnOf(name); countWord.MatchString(name) &&
			(field <= accesslog.Own || field == accesslog.Samples || field == accesslog.Total || field == accesslog.Requests) {
			return name
		}
	}
	return ""
}

// ownColumns reports whether there are columns of single requests.
func ownColumns(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		switch field, _ := columnOf(name); field {
		case accesslog.Taken, accesslog.Transaction, accesslog.ClientPort, accesslog.SessionTime, accesslog.MetricName, accesslog.Healthy:
			return true
		}
		return false
	})
}

// isSummary reports whether names are those of a query that counts requests of the access log.
func isSummary(names []string) bool {
	return summaryColumn(names) != "" && slices.ContainsFunc(names, func(name string) bool { return ofAccess(accesslog.FieldOf(name)) })
}

// ofAccess reports whether a field is of the access log alone.
func ofAccess(field accesslog.Field) bool {
	return field >= accesslog.Listener && field <= accesslog.ErrorInfo && field != accesslog.Host || field == accesslog.SessionTime
}

// IsObjects reports whether JSON begins with a flat object that is a row of the access log under names of its own, or a
// number of such rows.
func IsObjects(text []byte) bool {
	inner, _ := envelope.Unwrap(text)
	first := envelope.FirstObject(inner)
	if first == nil {
		return false
	}
	names, values, err := members(first)
	if err != nil || slices.ContainsFunc(names, func(name string) bool { return accesslog.FieldOf(name) == accesslog.Inner }) {
		return false
	}
	if isSummary(names) {
		return true
	}
	n, foreign := 0, false
	for i, name := range names {
		field, unit := columnOf(name)
		date := (field == accesslog.Time || field == accesslog.Generated) &&
			numberedDate.MatchString(values[i]) // of which the others tell how it is read
		if foreign = foreign || unit != 0 || date; ofAccess(field) {
			n++
		}
	}
	whole := envelope.IsRow(first) && has(names, accesslog.Taken, accesslog.SessionTime) && has(names, accesslog.Time, accesslog.Generated)
	return n >= 3 && (foreign || !whole) || n == 2 && !whole && len(names) <= 4
}

// cannotBeRows says why a table with these columns holds no rows that can be read, and what to ask for instead; empty if
// it may.
func cannotBeRows(names []string) string {
	dated := has(names, accesslog.Time, accesslog.Generated)
	if isSummary(names) && !(dated && has(names, accesslog.Status) && ownColumns(names)) {
		return fmt.Sprintf("it is a summary: %s counts or measures many requests, and what failed shows in single ones. Ask for the rows: %s",
			summaryColumn(names), rowQuery(names))
	}
	switch {
	case !dated && !has(names, accesslog.Inner):
		return "its rows have no time" + meant(names, "TimeGenerated") + ". Query the rows with their original names: " + rowQuery(names)
	case has(names, accesslog.Status, accesslog.Inner, accesslog.SessionTime, accesslog.RuleID, accesslog.Healthy, accesslog.MetricName):
		return ""
	case !slices.ContainsFunc(names, func(name string) bool { return ofAccess(accesslog.FieldOf(name)) }) &&
		has(names, accesslog.CategoryName, accesslog.OperationName):
		return ""
	}
	return "its rows have no HttpStatus" + meant(names, "HttpStatus") + ". Query the rows with their original names: " + rowQuery(names)
}

// has reports whether some name is that of one of the fields.
func has(names []string, wanted ...accesslog.Field) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		field, _ := columnOf(name)
		return slices.Contains(wanted, field)
	})
}

// meant names the column that may be the missing one.
func meant(names []string, missing string) string {
	for _, name := range names {
		if likely(name) == missing {
			return fmt.Sprintf(" (%s may be it: it has to be called %s)", name, missing)
		}
	}
	return ""
}

// likelyNames are the columns of the access log that queries rename most, by words that the new name keeps.
var likelyNames = []struct {
	words []string
	name  string
}{
	{[]string{"server", "latency"}, "ServerResponseLatency"},
	{[]string{"backend", "latency"}, "ServerResponseLatency"},
	{[]string{"response", "latency"}, "ServerResponseLatency"},
	{[]string{"server", "time"}, "ServerResponseLatency"},
	{[]string{"backend", "time"}, "ServerResponseLatency"},
	{[]string{"server", "status"}, "ServerStatus"},
	{[]string{"backend", "status"}, "ServerStatus"},
	{[]string{"error"}, "ErrorInfo"},
	{[]string{"pool"}, "BackendPoolName"},
	{[]string{"status"}, "HttpStatus"},
	{[]string{"code"}, "HttpStatus"},
	{[]string{"time", "taken"}, "TimeTaken"},
	{[]string{"duration"}, "TimeTaken"},
	{[]string{"latency"}, "TimeTaken"},
	{[]string{"elapsed"}, "TimeTaken"},
	{[]string{"uri"}, "RequestUri"},
	{[]string{"url"}, "RequestUri"},
	{[]string{"path"}, "RequestUri"},
	{[]string{"date"}, "TimeGenerated"},
	{[]string{"when"}, "TimeGenerated"},
	{[]string{"time"}, "TimeGenerated"},
	{[]string{"server"}, "ServerRouted"},
	{[]string{"backend"}, "ServerRouted"},
	{[]string{"client"}, "ClientIp"},
	{[]string{"method"}, "HttpMethod"},
}

// likely is the column of the access log that an unknown name may stand for; empty if it resembles none.
func likely(name string) string {
	if field, _ := columnOf(name); field != accesslog.Ignored {
		return ""
	}
	lower := strings.ToLower(name)
	for _, l := range likelyNames {
		if !slices.ContainsFunc(l.words, func(word string) bool { return !strings.Contains(lower, word) }) {
			return l.name
		}
	}
	return ""
}

// renamed says which columns are not read because they have other names than those of the log; empty if none is missing.
func renamed(names []string) string {
	var found []string
	for _, name := range names {
		meant := likely(name)
		if meant == "" || slices.ContainsFunc(names, func(other string) bool {
			field, _ := columnOf(other)
			return field == accesslog.FieldOf(meant)
		}) {
			continue
		}
		found = append(found, fmt.Sprintf("%s (%s?)", name, meant))
	}
	return strings.Join(found, ", ")
}

// numberedDate is a date that ends with its year.
var numberedDate = regexp.MustCompile(`^\s*((\d{1,2})([/-])(\d{1,2})[/-](?:\d{4}|\d{2}))\b`)
