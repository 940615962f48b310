package arm

import (
	"encoding/json"
	"strings"
	"time"

	"causeway/internal/kql"
)

// logTable is a table of Log Analytics as a query sees it.
type logTable struct {
	name     string
	category string // of the rows that it has, in the log; empty: Causeway writes none of them
	columns  []logColumn
}

// compared is the column of a condition, if it holds what the condition compares it with.
func (t *logTable) compared(c kql.Condition) (logColumn, error) {
	for _, column := range t.columns {
		if column.name != c.Column {
			continue
		}
		switch is := column.is(); {
		case is == "":
			return column, badQuery("the column " + c.Column + " of " + t.name + " cannot be compared")
		case (is == "number") != c.Numeric:
			return column, badQuery("the column " + c.Column + " of " + t.name + " holds a " + is)
		}
		return column, nil
	}
	return logColumn{}, badQuery("there is no column " + c.Column + " in " + t.name)
}

// logColumn is a column: its name, its type, and where its value is in a record of the access log.
type logColumn struct {
	name, kind string
	value      func(*logRecord) any
	status     bool // of the answer to the client
}

// is what a query may compare a column with: a text, or a number; empty: nothing.
func (c logColumn) is() string {
	switch {
	case c.status:
		return "number"
	case c.kind == "string":
		return "text"
	}
	return ""
}

// logRecord is a line of the access log.
type logRecord struct {
	at         time.Time
	fields     map[string]json.RawMessage // beside the properties
	properties map[string]json.RawMessage
}

// decode reads a line, and reports whether it is a record.
func (r *logRecord) decode(line []byte) bool {
	return json.Unmarshal(line, &r.fields) == nil && json.Unmarshal(r.fields["properties"], &r.properties) == nil
}

func (r *logRecord) text(name string) string {
	raw, has := r.properties[name]
	if !has {
		raw = r.fields[name]
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return string(raw) // a number
	}
	return text
}

// statusProperty is the one number that queries compare: it stands nowhere else in a record, and is found without decoding it.
const statusProperty = "httpStatus"

// accessColumn is a property of the access log.
type accessColumn struct{ property, name, kind, suffix string }

// typed is the value as a column of a type has it. What is no number, such as a dash, has none in a column of numbers.
func (c accessColumn) typed(kind string) func(*logRecord) any {
	return func(r *logRecord) any {
		text := r.text(c.property)
		if kind == "string" {
			return text
		}
		var number float64
		if json.Unmarshal([]byte(text), &number) != nil {
			return nil
		}
		return json.RawMessage(text)
	}
}

// accessColumns are the properties of the access log, with the names that they have in the table of their own, their type there, and
// what AzureDiagnostics adds to the property's name.
var accessColumns = []accessColumn{
	{"listenerName", "ListenerName", "string", "_s"},
	{"ruleName", "RuleName", "string", "_s"},
	{"backendPoolName", "BackendPoolName", "string", "_s"},
	{"backendSettingName", "BackendSettingName", "string", "_s"},
	{"instanceId", "InstanceId", "string", "_s"},
	{"clientIP", "ClientIp", "string", "_s"},
	{"clientPort", "ClientPort", "int", "_d"},
	{"httpMethod", "HttpMethod", "string", "_s"},
	{"originalRequestUriWithArgs", "OriginalRequestUriWithArgs", "string", "_s"},
	{"requestUri", "RequestUri", "string", "_s"},
	{"requestQuery", "RequestQuery", "string", "_s"},
	{"userAgent", "UserAgent", "string", "_s"},
	{"httpStatus", "HttpStatus", "int", "_d"},
	{"httpVersion", "HttpVersion", "string", "_s"},
	{"receivedBytes", "ReceivedBytes", "long", "_d"},
	{"sentBytes", "SentBytes", "long", "_d"},
	{"connectionSerialNumber", "ConnectionSerialNumber", "long", "_d"},
	{"noOfConnectionRequests", "NoOfConnectionRequests", "long", "_d"},
	{"clientResponseTime", "ClientResponseTime", "real", "_d"},
	{"timeTaken", "TimeTaken", "real", "_d"},
	{"WAFEvaluationTime", "WafEvaluationTime", "real", "_s"},
	{"WAFMode", "WafMode", "string", "_s"},
	{"transactionId", "TransactionId", "string", "_s"},
	{"sslEnabled", "SslEnabled", "string", "_s"},
	{"sslCipher", "SslCipher", "string", "_s"},
	{"sslProtocol", "SslProtocol", "string", "_s"},
	{"sslClientVerify", "SslClientVerify", "string", "_s"},
	{"sslClientCertificateFingerprint", "SslClientCertificateFingerprint", "string", "_s"},
	{"sslClientCertificateIssuerName", "SslClientCertificateIssuerName", "string", "_s"},
	{"backendSslProtocol", "BackendSslProtocol", "string", "_s"},
	{"backendSslCipher", "BackendSslCipher", "string", "_s"},
	{"serverRouted", "ServerRouted", "string", "_s"},
	{"serverStatus", "ServerStatus", "string", "_s"},
	{"serverConnectTime", "ServerConnectTime", "string", "_s"},
	{"serverHeaderTime", "ServerHeaderTime", "string", "_s"},
	{"serverResponseLatency", "ServerResponseLatency", "string", "_s"},
	{"upstreamSourcePort", "UpstreamSourcePort", "string", "_s"},
	{"originalHost", "OriginalHost", "string", "_s"},
	{"host", "Host", "string", "_s"},
	{"error_info", "ErrorInfo", "string", "_s"},
	{"contentType", "ContentType", "string", "_s"},
}

// logTables are those that a query may name.
func logTables() []logTable {
	return []logTable{
		ownTable("AGWAccessLogs", "ApplicationGatewayAccessLog"),
		ownTable("AGWPerformanceLogs", ""),
		ownTable("AGWFirewallLogs", ""),
		diagnosticsTable(),
	}
}

func timeColumn() logColumn {
	return logColumn{name: kql.TimeColumn, kind: "datetime", value: func(r *logRecord) any { return r.at.Format(time.RFC3339Nano) }}
}

// traceColumn has Causeway's own part of a record, as text: so Log Analytics writes a dynamic value.
func traceColumn() logColumn {
	return logColumn{name: "AdditionalFields", kind: "dynamic", value: func(r *logRecord) any {
		own, has := r.properties["causeway"]
		if !has {
			return nil
		}
		return `{"causeway":` + string(own) + `}`
	}}
}

func fieldColumn(name, field string) logColumn {
	return logColumn{name: name, kind: "string", value: func(r *logRecord) any { return r.text(field) }}
}

func lastColumns(table string) []logColumn {
	return []logColumn{
		{name: "Type", kind: "string", value: func(*logRecord) any { return table }},
		{name: "_ResourceId", kind: "string", value: func(r *logRecord) any { return strings.ToLower(r.text("resourceId")) }},
	}
}

// ownTable is the table of one category. Those of other categories are empty: their columns are those that every row has.
func ownTable(name, category string) logTable {
	t := logTable{name: name, category: category}
	t.columns = []logColumn{timeColumn(), fieldColumn("OperationName", "operationName")}
	if category != "" {
		for _, c := range accessColumns {
			t.columns = append(t.columns, logColumn{c.name, c.kind, c.typed(c.kind), c.property == statusProperty})
		}
		t.columns = append(t.columns, traceColumn())
	}
	t.columns = append(t.columns, lastColumns(name)...)
	return t
}

// diagnosticsTable is the table that all resources share.
func diagnosticsTable() logTable {
	const name = "AzureDiagnostics"
	t := logTable{name: name, category: "ApplicationGatewayAccessLog"}
	t.columns = []logColumn{
		timeColumn(), fieldColumn("ResourceId", "resourceId"), fieldColumn("Category", "category"),
		fieldColumn("OperationName", "operationName"),
	}
	for _, c := range accessColumns {
		kind := "string"
		if c.suffix == "_d" {
			kind = "real"
		}
		t.columns = append(t.columns, logColumn{c.property + c.suffix, kind, c.typed(kind), c.property == statusProperty})
	}
	t.columns = append(t.columns, traceColumn())
	t.columns = append(t.columns, lastColumns(name)...)
	return t
}
