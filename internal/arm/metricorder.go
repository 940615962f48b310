package arm

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// metricOrder is how the series of a metric are ordered: by an aggregation over the whole window. The zero value orders by the
// dimensions.
type metricOrder struct {
	aggregation string
	descending  bool
}

// parseMetricOrder reads an orderby, such as sum desc.
func parseMetricOrder(text string) (o metricOrder, err error) {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return o, nil
	}
	for _, a := range aggregations() {
		if words[0] == strings.ToLower(a) || words[0] == "sum" && a == total {
			o.aggregation = a
		}
	}
	o.descending = len(words) == 2 && words[1] == "desc"
	if o.aggregation == "" || len(words) > 2 || len(words) == 2 && words[1] != "asc" && words[1] != "desc" {
		return o, refuse(http.StatusBadRequest, "BadRequest", "orderby is %q, and not an aggregation with asc or desc, such as sum desc", text)
	}
	return o, nil
}

// sorted are the series in their order, each by its key.
func (o metricOrder) sorted(series map[string]*combined) []string {
	keys := slices.Sorted(maps.Keys(series))
	if o.aggregation == "" {
		return keys
	}
	by := map[string]float64{}
	for key, c := range series {
		by[key] = c.whole.values()[o.aggregation]
	}
	slices.SortStableFunc(keys, func(a, b string) int {
		if o.descending {
			a, b = b, a
		}
		return cmp.Compare(by[a], by[b])
	})
	return keys
}
