package arm

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// readMetrics answers a query of Azure Monitor: .../providers/Microsoft.Insights/metrics.
func readMetrics(q *request) (response, error) {
	if _, err := q.found(); err != nil {
		return response{}, err
	}
	if q.server.history == nil {
		return response{}, ErrNoHistory
	}
	asked, err := q.metricQuery()
	if err != nil {
		return response{}, err
	}
	answer, err := q.server.measuring.holding(q, func() (response, error) { return asked.answers(q) })
	if errors.Is(err, context.DeadlineExceeded) {
		return response{}, refuse(http.StatusGatewayTimeout, "GatewayTimeout",
			"the metrics have more than can be read in %s: ask for a shorter timespan, or fewer metrics", requestTime)
	}
	return answer, err
}

// answers runs the query.
func (m *metricQuery) answers(q *request) (response, error) {
	values, nodes := []any{}, q.survey()
	for _, x := range m.metrics {
		cells, err := q.cells(nodes, x, m.from, m.to)
		if err != nil {
			return response{}, err
		}
		series, err := m.series(q.Context(), x, cells)
		if err != nil {
			return response{}, err
		}
		value := map[string]any{
			"id":                 q.id().String() + "/providers/Microsoft.Insights/metrics/" + x.name,
			"type":               "Microsoft.Insights/metrics",
			"name":               localised{x.name, x.display},
			"displayDescription": x.display,
			"unit":               x.unit,
			"errorCode":          "Success",
			"timeseries":         series,
		}
		if len(nodes.missing) > 0 { // az and the SDKs show this one
			value["errorMessage"] = "The values lack those of the nodes " + strings.Join(nodes.missing, ", ") + "."
		}
		values = append(values, value)
	}
	return nodes.ok(map[string]any{
		"cost":           0,
		"timespan":       m.from.Format(time.RFC3339) + "/" + m.to.Format(time.RFC3339),
		"interval":       m.text,
		"namespace":      gatewayType,
		"resourceregion": q.server.location(),
		"value":          values,
	})
}

// listMetricNamespaces lists the one namespace that a gateway has metrics in.
func listMetricNamespaces(q *request) (response, error) {
	if _, err := q.found(); err != nil {
		return response{}, err
	}
	return ok(list{[]any{map[string]any{
		"id":             q.id().String() + "/providers/microsoft.insights/metricNamespaces/" + gatewayType,
		"type":           "Microsoft.Insights/metricNamespaces",
		"name":           gatewayType,
		"classification": "Platform",
		"properties":     map[string]any{"metricNamespaceName": gatewayType},
	}}})
}

// listMetrics are the definitions of the metrics.
func listMetrics(q *request) (response, error) {
	if _, err := q.found(); err != nil {
		return response{}, err
	}
	out := []any{}
	for _, m := range metrics() {
		dimensions, grains := []any{}, []any{}
		for _, d := range m.dimensions {
			dimensions = append(dimensions, named(d))
		}
		for _, text := range slices.Sorted(maps.Keys(intervals)) {
			grains = append(grains, map[string]any{"timeGrain": text, "retention": "P30D"})
		}
		out = append(out, map[string]any{
			"id":                        q.id().String() + "/providers/microsoft.insights/metricdefinitions/" + m.name,
			"resourceId":                q.id().String(),
			"namespace":                 gatewayType,
			"name":                      localised{m.name, m.display},
			"displayDescription":        m.display,
			"unit":                      m.unit,
			"primaryAggregationType":    m.primary,
			"supportedAggregationTypes": aggregations(),
			"metricAvailabilities":      grains,
			"dimensions":                dimensions,
			"isDimensionRequired":       false,
		})
	}
	return ok(list{out})
}
