package nginx

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/fault"
	"causeway/internal/lab/stage"
)

// Form is one of the ways in which people get Azure's log.
type Form string

// Forms in use.
const (
	Blob  Form = "blob" // of a storage account, a record a line
	Hub   Form = "hub"  // captured from an event hub: {"records": [...]}
	Rest  Form = "rest" // the answer of a Log Analytics query to its table of the gateway's own
	CSV   Form = "csv"  // the portal's export of AzureDiagnostics
	First Form = "v1"   // a blob of a first-generation gateway, whose rows say less
)

// Forms are all forms, in the order in which plays take turns.
var Forms = []Form{Blob, Hub, Rest, CSV, First}

// field is a property of a record, in the order in which Azure writes them.
type field struct {
	name  string
	value any
}

type record []field

// MarshalJSON keeps the order.
func (r record) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, f := range r {
		v, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%c%q:%s", "{,"[min(i, 1)], f.name, v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// writeLog writes rows in a form.
func writeLog(dir string, form Form, site stage.Site, rows []Row) error {
	switch form {
	case Hub:
		var all []record
		for _, r := range rows {
			all = append(all, r.envelope(site))
		}
		return writeJSON(filepath.Join(dir, "capture.json"), record{{"records", all}})
	case Rest:
		return writeJSON(filepath.Join(dir, "result.json"), table(site, rows))
	case CSV:
		return writeCSV(filepath.Join(dir, "query_data.csv"), site, rows)
	case First:
		return writeBlobs(dir, site, rows, Row.first)
	}
	return writeBlobs(dir, site, rows, Row.envelope)
}

func resourceID(site stage.Site) string {
	return strings.ToUpper(stage.IdPrefix + "applicationGateways/" + site.Name)
}

// envelope is the record of a v2 gateway.
func (r Row) envelope(site stage.Site) record {
	settings := ""
	if r.Pool != "" {
		settings = r.Pool + "-settings"
	}
	return record{
		{"timeStamp", r.At.Format("2006-01-02T15:04:05+00:00")},
		{"resourceId", resourceID(site)},
		{"listenerName", "site"},
		{"ruleName", "everything"},
		{"backendPoolName", r.Pool},
		{"backendSettingName", settings},
		{"operationName", "ApplicationGatewayAccess"},
		{"category", "ApplicationGatewayAccessLog"},
		{"properties", r.properties()},
	}
}

func (r Row) properties() record {
	return record{
		{"instanceId", fmt.Sprintf("appgw_%d", r.Instance)},
		{"clientIP", r.Client},
		{"clientPort", r.ClientPort},
		{"httpMethod", r.Method},
		{"originalRequestUriWithArgs", r.Target},
		{"requestUri", r.Path},
		{"requestQuery", r.Query},
		{"userAgent", r.Agent},
		{"httpStatus", r.Status},
		{"httpVersion", r.Version},
		{"receivedBytes", r.Received},
		{"sentBytes", r.Sent},
		{"connectionSerialNumber", r.Connection},
		{"noOfConnectionRequests", r.Uses},
		{"clientResponseTime", r.ClientTime},
		{"timeTaken", r.Taken},
		{"WAFEvaluationTime", ""},
		{"WAFMode", ""},
		{"transactionId", r.ID},
		{"sslEnabled", "off"},
		{"sslCipher", ""},
		{"sslProtocol", ""},
		{"sslClientVerify", "NONE"},
		{"sslClientCertificateFingerprint", ""},
		{"sslClientCertificateIssuerName", ""},
		{"serverRouted", strings.Join(r.Routed, ", ")},
		{"serverStatus", strings.Join(r.Statuses, ", ")},
		{"serverConnectTime", strings.Join(r.Connects, ", ")},
		{"serverHeaderTime", strings.Join(r.Headers, ", ")},
		{"serverResponseLatency", strings.Join(r.Latencies, ", ")},
		{"upstreamSourcePort", strings.Join(r.Ports, ", ")},
		{"originalHost", r.OriginalHost},
		{"host", r.Host},
		{"error_info", r.ErrorInfo},
		{"contentType", r.Type},
	}
}

// first is the record of a first-generation gateway: milliseconds, no reason, the last member without its port, 502 for an answer
// that did not come in time and 0 for a client that left.
func (r Row) first(site stage.Site) record {
	status := r.Status
	switch {
	case status == fault.ClientGone:
		status = 0
	case status == 504 && r.ErrorInfo == fault.UpstreamTimedOut:
		status = 502
	}
	return record{
		{"resourceId", resourceID(site)},
		{"operationName", "ApplicationGatewayAccess"},
		{"time", r.At.Format(time.RFC3339)},
		{"category", "ApplicationGatewayAccessLog"},
		{"properties", record{
			{"instanceId", fmt.Sprintf("ApplicationGatewayRole_IN_%d", r.Instance)},
			{"clientIP", r.Client},
			{"clientPort", r.ClientPort},
			{"httpMethod", r.Method},
			{"requestUri", r.Path},
			{"requestQuery", r.firstQuery()},
			{"userAgent", r.Agent},
			{"httpStatus", status},
			{"httpVersion", r.Version},
			{"receivedBytes", r.Received},
			{"sentBytes", r.Sent},
			{"timeTaken", int(1000*r.Taken + 0.5)},
			{"sslEnabled", "off"},
			{"host", r.Host},
			{"originalHost", r.OriginalHost},
		}},
	}
}

func (r Row) firstQuery() string {
	n := len(r.Routed) - 1
	if n < 0 {
		return ""
	}
	host, _, _ := net.SplitHostPort(r.Routed[n])
	text := "X-AzureApplicationGateway-CACHE-HIT=0&SERVER-ROUTED=" + host + "&X-AzureApplicationGateway-LOG-ID=" + dashed(r.ID)
	if r.Headers[n] != "-" {
		text += "&SERVER-STATUS=" + r.Statuses[n]
	}
	return text
}

// dashed is a transaction id as a GUID.
func dashed(id string) string {
	if len(id) != 32 {
		return id
	}
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

// writeBlobs writes a file for each hour.
func writeBlobs(dir string, site stage.Site, rows []Row, one func(Row, stage.Site) record) error {
	hours := map[string]*bytes.Buffer{}
	for _, r := range rows {
		hour := r.At.Format("y=2006/m=01/d=02/h=15/m=00")
		if hours[hour] == nil {
			hours[hour] = &bytes.Buffer{}
		}
		line, err := json.Marshal(one(r, site))
		if err != nil {
			return err
		}
		hours[hour].Write(append(line, '\n'))
	}
	for hour, text := range hours {
		path := filepath.Join(dir, "resourceId="+resourceID(site), hour, "PT1H.json")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// column is a column of the gateway's own table: its name, its type, and the property that it has.
type column struct{ name, kind, property string }

var columns = []column{
	{"OperationName", "string", "operationName"},
	{"ListenerName", "string", "listenerName"},
	{"RuleName", "string", "ruleName"},
	{"BackendPoolName", "string", "backendPoolName"},
	{"BackendSettingName", "string", "backendSettingName"},
	{"ClientIp", "string", "clientIP"},
	{"ClientPort", "int", "clientPort"},
	{"ClientResponseTime", "real", "clientResponseTime"},
	{"ErrorInfo", "string", "error_info"},
	{"Host", "string", "host"},
	{"HttpMethod", "string", "httpMethod"},
	{"HttpStatus", "int", "httpStatus"},
	{"HttpVersion", "string", "httpVersion"},
	{"InstanceId", "string", "instanceId"},
	{"OriginalHost", "string", "originalHost"},
	{"OriginalRequestUriWithArgs", "string", "originalRequestUriWithArgs"},
	{"ReceivedBytes", "int", "receivedBytes"},
	{"RequestQuery", "string", "requestQuery"},
	{"RequestUri", "string", "requestUri"},
	{"SentBytes", "int", "sentBytes"},
	{"ServerConnectTime", "real", "serverConnectTime"},
	{"ServerHeaderTime", "real", "serverHeaderTime"},
	{"ServerResponseLatency", "real", "serverResponseLatency"},
	{"ServerRouted", "string", "serverRouted"},
	{"ServerStatus", "int", "serverStatus"},
	{"SslEnabled", "string", "sslEnabled"},
	{"TimeTaken", "real", "timeTaken"},
	{"TransactionId", "string", "transactionId"},
	{"UpstreamSourcePort", "int", "upstreamSourcePort"},
	{"UserAgent", "string", "userAgent"},
}

// table is the answer to a query. A list of several attempts is no number: its cell is null.
func table(site stage.Site, rows []Row) stage.Object {
	heading := []stage.Object{{"name": "TimeGenerated", "type": "datetime"}}
	for _, c := range columns {
		heading = append(heading, stage.Object{"name": c.name, "type": c.kind})
	}
	heading = append(heading, stage.Object{"name": "Type", "type": "string"}, stage.Object{"name": "_ResourceId", "type": "string"})
	cells := [][]any{}
	for _, r := range rows {
		row := []any{r.At.Format(time.RFC3339)}
		values := r.flat(site)
		for _, c := range columns {
			row = append(row, cell(values[c.property], c.kind))
		}
		cells = append(cells, append(row, "AGWAccessLogs", strings.ToLower(resourceID(site))))
	}
	return stage.Object{"tables": []stage.Object{{"name": "PrimaryResult", "columns": heading, "rows": cells}}}
}

// cell is a value in a typed column.
func cell(v any, kind string) any {
	text, isText := v.(string)
	if kind == "string" || !isText {
		return v
	}
	return number(text)
}

// flat is a record without its levels.
func (r Row) flat(site stage.Site) map[string]any {
	out := map[string]any{}
	for _, f := range slices.Concat(r.envelope(site), r.properties()) {
		out[f.name] = f.value
	}
	return out
}

const portalTime = "1/2/2006, 3:04:05.000 PM"

// writeCSV writes the portal's export: a column for each property, named after its type.
func writeCSV(path string, site stage.Site, rows []Row) error {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	before := []string{
		"TenantId", "TimeGenerated [UTC]", "ResourceId", "Category", "ResourceGroup", "SubscriptionId", "ResourceProvider",
		"Resource", "ResourceType", "OperationName", "SourceSystem", "listenerName_s", "ruleName_s", "backendPoolName_s",
		"backendSettingName_s", "timeStamp_t [UTC]",
	}
	heading := before
	for _, f := range (Row{}).properties() {
		heading = append(heading, f.name+suffix(f))
	}
	w.Write(append(heading, "Type", "_ResourceId"))
	for _, r := range rows {
		id := strings.Split(resourceID(site), "/")
		flat := r.flat(site)
		when := r.At.Format(portalTime)
		cells := []string{
			"7cce4bf7-bc2f-4935-b4fc-d532b418bedb", when, resourceID(site), "ApplicationGatewayAccessLog", id[4],
			strings.ToLower(id[2]), id[6], id[8], id[7], "ApplicationGatewayAccess", "Azure", fmt.Sprint(flat["listenerName"]),
			fmt.Sprint(flat["ruleName"]), fmt.Sprint(flat["backendPoolName"]), fmt.Sprint(flat["backendSettingName"]), when,
		}
		for _, f := range r.properties() {
			text := fmt.Sprint(f.value)
			if f.name == "transactionId" {
				text = dashed(text)
			}
			cells = append(cells, text)
		}
		w.Write(append(cells, "AzureDiagnostics", strings.ToLower(resourceID(site))))
	}
	w.Flush()
	return os.WriteFile(path, b.Bytes(), 0o600)
}

// suffix is what AzureDiagnostics adds to the name of a property, by its type.
func suffix(f field) string {
	switch f.value.(type) {
	case int, float64:
		return "_d"
	}
	if f.name == "transactionId" {
		return "_g"
	}
	return "_s"
}

func writeJSON(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

func number(text string) any {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil
	}
	return n
}
