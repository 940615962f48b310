package nginx

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"causeway/internal/lab/stage"
)

// metrics are Azure's, minute by minute: what the log adds up to, and how many members were healthy.
func metrics(site stage.Site, rows []Row, samples []sample) stage.Object {
	m := series{site: site, values: map[string]map[string]map[time.Time]*sum{}}
	for _, r := range rows {
		m.request(r)
	}
	for _, s := range samples {
		for key, n := range s.of {
			m.add("HealthyHostCount", "backendsettingspool="+key, s.at, float64(s.healthy[key]))
			m.add("UnhealthyHostCount", "backendsettingspool="+key, s.at, float64(n-s.healthy[key]))
		}
	}
	return m.object()
}

// sum is what a minute of a metric has seen.
type sum struct {
	n          int
	total, max float64
}

// series are the values of metrics by name, dimensions and minute.
type series struct {
	site   stage.Site
	values map[string]map[string]map[time.Time]*sum
}

func (m *series) add(name, dimensions string, at time.Time, v float64) {
	if m.values[name] == nil {
		m.values[name] = map[string]map[time.Time]*sum{}
	}
	if m.values[name][dimensions] == nil {
		m.values[name][dimensions] = map[time.Time]*sum{}
	}
	minute := at.Truncate(time.Minute)
	s := m.values[name][dimensions][minute]
	if s == nil {
		s = &sum{}
		m.values[name][dimensions][minute] = s
	}
	s.n, s.total, s.max = s.n+1, s.total+v, max(s.max, v)
}

func (m *series) request(r Row) {
	m.add("ResponseStatus", fmt.Sprintf("httpstatusgroup=%dxx", r.Status/100), r.At, 1)
	m.add("ApplicationGatewayTotalTime", "listener=site", r.At, 1000*r.Taken)
	if r.Pool == "" {
		return
	}
	pool := "backendsettingspool=" + r.Pool + "~" + r.Pool + "-settings"
	m.add("TotalRequests", pool, r.At, 1)
	failed := 0.0
	if r.Status >= 500 {
		failed = 1
	}
	m.add("FailedRequests", pool, r.At, failed)
	for i, server := range r.Routed {
		if r.Headers[i] == "-" {
			continue
		}
		where := fmt.Sprintf("backendhttpsetting=%s-settings,backendpool=%s,backendserver=%s", r.Pool, r.Pool, server)
		m.add("BackendResponseStatus", where+",httpstatusgroup="+r.Statuses[i][:1]+"xx", r.At, 1)
		where += ",listener=site"
		m.add("BackendConnectTime", where, r.At, 1000*seconds(r.Connects[i]))
		m.add("BackendFirstByteResponseTime", where, r.At, 1000*seconds(r.Headers[i]))
		m.add("BackendLastByteResponseTime", where, r.At, 1000*seconds(r.Latencies[i]))
	}
}

func (m *series) object() stage.Object {
	value := []stage.Object{}
	for _, name := range slices.Sorted(maps.Keys(m.values)) {
		lines := []stage.Object{}
		for _, dimensions := range slices.Sorted(maps.Keys(m.values[name])) {
			lines = append(lines, stage.Object{
				"metadatavalues": labels(dimensions), "data": data(name, m.values[name][dimensions]),
			})
		}
		value = append(value, stage.Object{
			"id":   stage.IdPrefix + "applicationGateways/" + m.site.Name + "/providers/Microsoft.Insights/metrics/" + name,
			"type": "Microsoft.Insights/metrics", "name": stage.Object{"value": name, "localizedValue": name},
			"unit": unit(name), "errorCode": "Success", "timeseries": lines,
		})
	}
	return stage.Object{
		"cost": 0, "interval": "PT1M", "namespace": "Microsoft.Network/applicationGateways", "resourceregion": "westeurope",
		"value": value,
	}
}

func labels(dimensions string) []stage.Object {
	out := []stage.Object{}
	for _, d := range strings.Split(dimensions, ",") {
		name, v, _ := strings.Cut(d, "=")
		out = append(out, stage.Object{"name": stage.Object{"value": name, "localizedValue": name}, "value": v})
	}
	return out
}

// timed reports whether a metric measures time.
func timed(name string) bool { return strings.HasSuffix(name, "Time") }

func unit(name string) string {
	if timed(name) {
		return "MilliSeconds"
	}
	return "Count"
}

func data(name string, minutes map[time.Time]*sum) []stage.Object {
	out := []stage.Object{}
	for _, at := range slices.SortedFunc(maps.Keys(minutes), time.Time.Compare) {
		s := minutes[at]
		o := stage.Object{"timeStamp": at.Format(time.RFC3339)}
		average := math.Round(1000*s.total/float64(s.n)) / 1000
		switch {
		case timed(name):
			o["average"], o["maximum"] = average, s.max
		case strings.HasSuffix(name, "HostCount"):
			o["average"] = average
		default:
			o["total"] = s.total
		}
		out = append(out, o)
	}
	return out
}
