package arm

import (
	"context"
	"errors"
	"strings"
	"time"

	"causeway/internal/history"
	"causeway/internal/telemetry"
)

// History is where the metrics of the past are.
type History interface {
	// Read are all series of a metric between two times, both included; see history.History. While that is not open, it fails with
	// ErrNoHistory.
	Read(ctx context.Context, name string, from, to time.Time) ([]history.Series, error)
}

// ErrNoHistory is returned for a question about the past that nobody can answer now.
var ErrNoHistory = errors.New("the history of the metrics is not open; the gateway's log says why")

// metric is one of Azure Monitor's metrics of a gateway, with where its values come from.
type metric struct {
	name, display, unit string
	primary             string   // the aggregation that is meant: Average or Total
	dimensions          []string // in Azure's spelling
	source
}

// source is where the values of a metric come from. The zero value has none.
type source struct {
	read reader
	adds bool // the cells of one minute and one combination are one together, over instances and over nodes: their count stays 1
}

// cell is what a metric was in one minute, for one combination of its dimensions. Sum and count add up over minutes,
// instances and dimensions.
type cell struct {
	at         time.Time // the end of the minute
	dimensions map[string]string
	sum        float64
	count      float64
}

// Names of the dimensions.
const (
	byListener = "Listener"
	byPool     = "BackendPool"
	bySettings = "BackendHttpSetting"
	byTarget   = "BackendSettingsPool"
	byStatus   = "HttpStatusGroup"
)

// dimension is the value of a dimension for the labels of a series.
func dimension(name string, labels map[string]string) string {
	switch name {
	case byListener:
		return labels["listener"]
	case byPool:
		return labels["pool"]
	case bySettings:
		return labels["settings"]
	case byTarget:
		return labels["pool"] + "~" + labels["settings"]
	case byStatus:
		if status := labels["status"]; status != "" {
			return status[:1] + "xx"
		}
	}
	return ""
}

// metrics are those whose source exists. What no instance measures, Azure's others, is not among them.
func metrics() []metric {
	everyTarget := []string{byPool, bySettings}
	return []metric{
		{"ApplicationGatewayTotalTime", "Application Gateway Total Time", "MilliSeconds", average, []string{byListener}, mean("request_duration_seconds", byListener)},
		{"BackendConnectTime", "Backend Connect Time", "MilliSeconds", average, everyTarget, mean("backend_connect_seconds", everyTarget...)},
		{"BackendFirstByteResponseTime", "Backend First Byte Response Time", "MilliSeconds", average, everyTarget, mean("backend_first_byte_seconds", everyTarget...)},
		{"BackendLastByteResponseTime", "Backend Last Byte Response Time", "MilliSeconds", average, everyTarget, mean("backend_last_byte_seconds", everyTarget...)},
		{"BackendResponseStatus", "Backend Response Status", "Count", total, append(everyTarget, byStatus), counted("backend_responses_total", 1, nil, append(everyTarget, byStatus)...)},
		{"ResponseStatus", "Response Status", "Count", total, []string{byStatus}, counted("requests_total", 1, nil, byStatus)},
		{"TotalRequests", "Total Requests", "Count", total, []string{byTarget}, counted("requests_total", 1, toPool, byTarget)},
		{"FailedRequests", "Failed Requests", "Count", total, []string{byTarget}, counted("requests_total", 1, failedToPool, byTarget)},
		{"HealthyHostCount", "Healthy Host Count", "Count", average, []string{byTarget}, level("healthy_hosts", false, byTarget)},
		{"UnhealthyHostCount", "Unhealthy Host Count", "Count", average, []string{byTarget}, level("unhealthy_hosts", false, byTarget)},
		{"CurrentConnections", "Current Connections", "Count", total, nil, level("client_connections", true)},
		{"NewConnectionsPerSecond", "New connections per second", "CountPerSecond", average, nil, counted("client_connections_total", perSecond, nil)},
		{"Throughput", "Throughput", "BytesPerSecond", average, nil, both(counted("received_bytes_total", perSecond, nil), counted("sent_bytes_total", perSecond, nil))},
		{"BytesReceived", "Bytes Received", "Bytes", total, []string{byListener}, counted("received_bytes_total", 1, nil, byListener)},
		{"BytesSent", "Bytes Sent", "Bytes", total, []string{byListener}, counted("sent_bytes_total", 1, nil, byListener)},
		{"CapacityUnits", "Current Capacity Units", "Count", average, nil, level("capacity_units", true)},
		{"ComputeUnits", "Current Compute Units", "Count", average, nil, level("compute_units", true)},
	}
}

// unmeasured are metrics of Azure's that no instance measures: they have no values, as they have none there without traffic.
// Clients ask for several at once, and would get none of them.
var unmeasured = []string{
	"ClientRtt", "TlsProtocol", "AvgRequestCountPerHealthyHost", "EstimatedBilledCapacityUnits", "FixedBillableCapacityUnits",
	"CpuUtilization", "WebSocketActiveConnections",
}

// The aggregations.
const (
	average = "Average"
	total   = "Total"
	minimum = "Minimum"
	maximum = "Maximum"
	count   = "Count"
)

func aggregations() []string { return []string{average, total, minimum, maximum, count} }

// perSecond turns what a minute counted into a rate.
const perSecond = 1.0 / 60

func toPool(labels map[string]string) bool { return labels["pool"] != "" }

func failedToPool(labels map[string]string) bool {
	return toPool(labels) && strings.HasPrefix(labels["status"], "5")
}

func dimensionsOf(names []string, labels map[string]string) map[string]string {
	out := make(map[string]string, len(names))
	for _, n := range names {
		out[n] = dimension(n, labels)
	}
	return out
}

// reader reads the cells of a metric.
type reader = func(context.Context, History, time.Time, time.Time) ([]cell, error)

// counted reads by how much a counter grew in each minute, times a factor. A minute without growth has no cell: Azure reports
// no value then.
func counted(name string, factor float64, keep func(labels map[string]string) bool, dimensions ...string) source {
	read := func(ctx context.Context, h History, from, to time.Time) (out []cell, err error) {
		all, err := h.Read(ctx, telemetry.Namespace+"_"+name, from.Add(-history.Every), to)
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			if keep != nil && !keep(s.Labels) {
				continue
			}
			grown := s.Increases()
			d := dimensionsOf(dimensions, s.Labels)
			for i, v := range grown.Values {
				if v > 0 {
					out = append(out, cell{at: grown.Times[i], dimensions: d, sum: v * factor, count: 1})
				}
			}
		}
		return merged(out), nil
	}
	return source{read, true}
}

// merged adds the cells of one minute and one combination up. Their count is one: a minute.
func merged(cells []cell) []cell {
	var order []string
	by := map[string]*cell{}
	for i := range cells {
		c := &cells[i]
		key := c.at.String() + keyOf(c.dimensions)
		if first, ok := by[key]; ok {
			first.sum += c.sum
			continue
		}
		by[key] = c
		order = append(order, key)
	}
	out := make([]cell, len(order))
	for i, key := range order {
		out[i] = *by[key]
	}
	return out
}

// both adds two sources up.
func both(a, b source) source {
	read := func(ctx context.Context, h History, from, to time.Time) ([]cell, error) {
		first, err := a.read(ctx, h, from, to)
		if err != nil {
			return nil, err
		}
		second, err := b.read(ctx, h, from, to)
		return merged(append(first, second...)), err
	}
	return source{read, true}
}

// level reads a gauge: of all instances together, or as the mean of what they say.
func level(name string, together bool, dimensions ...string) source {
	read := func(ctx context.Context, h History, from, to time.Time) (out []cell, err error) {
		all, err := h.Read(ctx, telemetry.Namespace+"_"+name, from, to)
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			d := dimensionsOf(dimensions, s.Labels)
			for i, v := range s.Values {
				out = append(out, cell{at: s.Times[i], dimensions: d, sum: v, count: 1})
			}
		}
		if together {
			out = merged(out)
		}
		return out, nil
	}
	return source{read, together}
}

// mean reads a histogram of seconds: sum and count of what each minute measured, in milliseconds.
func mean(name string, dimensions ...string) source {
	read := func(ctx context.Context, h History, from, to time.Time) ([]cell, error) {
		sums, err := counted(name+"_sum", 1000, nil, dimensions...).read(ctx, h, from, to)
		if err != nil {
			return nil, err
		}
		counts, err := counted(name+"_count", 1, nil, dimensions...).read(ctx, h, from, to)
		if err != nil {
			return nil, err
		}
		measured := map[string]float64{}
		for _, c := range sums {
			measured[c.at.String()+keyOf(c.dimensions)] = c.sum
		}
		out := make([]cell, len(counts))
		for i, c := range counts {
			out[i] = cell{at: c.at, dimensions: c.dimensions, sum: measured[c.at.String()+keyOf(c.dimensions)], count: c.sum}
		}
		return out, nil
	}
	return source{read, false}
}
