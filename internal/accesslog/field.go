package accesslog

import "strings"

// Field names a column of Azure's gateway logs, whatever a format calls it: clientIP, clientIP_s, ClientIp and
// properties.clientIP are one field.
type Field uint8

// Fields of all categories. Ignored is what no diagnosis reads; Inner is an object whose members are fields themselves.
const (
	Ignored Field = iota
	Inner
	Own // the object `causeway`
	Time
	Generated // TimeGenerated of Log Analytics
	CategoryName
	OperationName
	ResourceID
	Listener
	Rule
	Pool
	Settings
	InstanceID
	ClientIP
	ClientPort
	Method
	OriginalURI
	URI
	Query
	UserAgent
	Status
	Version
	Received
	Sent
	Serial
	Uses
	ClientTime
	Taken
	WAFTime
	Transaction
	TLSCipher
	TLSProtocol
	BackendTLS
	BackendCipher
	Server
	ServerStatus
	ConnectTime
	HeaderTime
	Latency
	SourcePort
	OriginalHost
	Host
	ErrorInfo
	ContentType

	Healthy // performance log
	Unhealthy
	Requests
	AverageLatency
	Failed
	Throughput

	RuleID // firewall log
	Action
	Message

	MetricName // metrics in a storage account
	Total
	Average
	Minimum
	Maximum
	Samples
	Grain

	Result // activity log in a storage account
	Caller
	Correlation

	SessionTime // access log of TCP and TLS listeners, whose rows have no httpStatus

	numFields
)

const _ = uint(64 - numFields) // fields are numbered within a word of bits

// fieldNames are the names without case, suffix and underscores.
var fieldNames = map[string]Field{
	"properties": Inner, "body": Inner, "additionalfields": Inner, "causeway": Own,
	"time": Time, "timestamp": Time, "timegenerated": Generated, "category": CategoryName, "operationname": OperationName,
	"resourceid":   ResourceID,
	"listenername": Listener, "rulename": Rule, "backendpoolname": Pool, "backendsettingname": Settings, "instanceid": InstanceID,
	"clientip": ClientIP, "clientport": ClientPort, "httpmethod": Method, "originalrequesturiwithargs": OriginalURI, "requesturi": URI,
	"requestquery": Query, "useragent": UserAgent, "httpstatus": Status, "httpversion": Version, "receivedbytes": Received,
	"sentbytes":              Sent,
	"connectionserialnumber": Serial, "noofconnectionrequests": Uses, "clientresponsetime": ClientTime, "timetaken": Taken,
	"wafevaluationtime": WAFTime, "transactionid": Transaction, "sslcipher": TLSCipher, "sslprotocol": TLSProtocol,
	"backendsslprotocol": BackendTLS, "backendsslcipher": BackendCipher, "serverrouted": Server, "serverstatus": ServerStatus,
	"serverconnecttime": ConnectTime, "serverheadertime": HeaderTime, "serverresponselatency": Latency, "sessiontime": SessionTime,
	"upstreamsessiontime": Latency, "upstreamsourceport": SourcePort,
	"originalhost": OriginalHost, "host": Host, "errorinfo": ErrorInfo, "contenttype": ContentType,
	"healthyhostcount": Healthy, "unhealthyhostcount": Unhealthy, "requestcount": Requests, "latency": AverageLatency,
	"failedrequestcount": Failed, "throughput": Throughput,
	"ruleid": RuleID, "action": Action, "message": Message,
	"metricname": MetricName, "total": Total, "average": Average, "minimum": Minimum, "maximum": Maximum, "count": Samples,
	"timegrain": Grain, "resulttype": Result, "caller": Caller, "correlationid": Correlation,
}

// FieldOf finds the field that a column or property name stands for; Ignored for any other name.
func FieldOf(name string) Field {
	name = strings.ToLower(strings.TrimSpace(name))
	if i := strings.IndexByte(name, '['); i > 0 { // the portal's "TimeGenerated [UTC]"
		name = strings.TrimSpace(name[:i])
	}
	for _, prefix := range []string{"body.", "properties.", "properties_"} {
		name = strings.TrimPrefix(name, prefix)
	}
	if n := len(name); n > 2 && name[n-2] == '_' && strings.IndexByte("sdgtb", name[n-1]) >= 0 { // a type of AzureDiagnostics
		name = name[:n-2]
	}
	return fieldNames[strings.ReplaceAll(name, "_", "")]
}
