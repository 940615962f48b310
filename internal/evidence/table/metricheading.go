package table

import (
	"slices"
	"strings"

	"causeway/internal/accesslog"
)

// Metric names as the portal shows them.
var displayNames = map[string]string{
	"application gateway total time": "ApplicationGatewayTotalTime", "backend connect time": "BackendConnectTime",
	"backend first byte response time": "BackendFirstByteResponseTime", "backend last byte response time": "BackendLastByteResponseTime",
	"client rtt": "ClientRtt", "backend response status": "BackendResponseStatus", "response status": "ResponseStatus",
	"total requests":  "TotalRequests",
	"failed requests": "FailedRequests", "healthy host count": "HealthyHostCount", "unhealthy host count": "UnhealthyHostCount",
	"current connections": "CurrentConnections", "new connections per second": "NewConnectionsPerSecond", "throughput": "Throughput",
	"current capacity units": "CapacityUnits", "current compute units": "ComputeUnits",
	"estimated billed capacity units": "EstimatedBilledCapacityUnits",
	"fixed billable capacity units":   "FixedBillableCapacityUnits", "cpu utilization": "CpuUtilization",
}

// MetricName finds the metric in a heading such as "Current Capacity Units (Avg), gw1"; empty if there is none.
func MetricName(heading string) string {
	text := strings.ToLower(strings.Trim(strings.TrimSpace(heading), `"`))
	best := ""
	for display, name := range displayNames {
		if (strings.HasPrefix(text, display) || strings.HasPrefix(text, strings.ToLower(name))) && len(display) > len(best) {
			best = display
		}
	}
	return displayNames[best]
}

// IsMetricHeading reports whether a table has a time and then metrics.
func IsMetricHeading(names []string) bool {
	if len(names) < 2 {
		return false
	}
	first := strings.ToLower(strings.Trim(strings.TrimSpace(names[0]), `"`))
	return (strings.HasPrefix(first, "time") || strings.HasPrefix(first, "date") || first == "") && MetricName(names[1]) != ""
}

// IsMetricList reports whether a table has a row for each interval of a metric: its time, its name and its values, as
// az monitor metrics list prints with -o table.
func IsMetricList(names []string) bool { return MetricListOf(names) != nil }

// pointFields are the values of a point, in the order of MetricListOf.
var pointFields = []accesslog.Field{
	accesslog.Average, accesslog.Total, accesslog.Minimum, accesslog.Maximum, accesslog.Samples,
}

// MetricListOf finds the columns of such a table: time, name, then those of Point's values; nil if it is none. A column that
// is missing is -1.
func MetricListOf(names []string) []int {
	at := []int{-1, -1, -1, -1, -1, -1, -1}
	for i, name := range names {
		switch field := accesslog.FieldOf(name); {
		case field == accesslog.Time:
			at[0] = i
		case strings.EqualFold(strings.TrimSpace(name), "name"), strings.EqualFold(strings.TrimSpace(name), "metric"):
			at[1] = i
		default:
			if k := slices.Index(pointFields, field); k >= 0 {
				at[2+k] = i
			}
		}
	}
	if at[0] < 0 || at[1] < 0 || max(at[2], at[3], at[4], at[5], at[6]) < 0 {
		return nil
	}
	return at
}
