package traffic

import (
	"strings"

	"causeway/internal/evidence"
)

// Metric is the series of the gateway as a whole; nil if there is none. Where only parts are given, by listener or by
// settings, they are not added up: averages do not add.
func (s *Summary) Metric(name string) *evidence.Metric {
	for i := range s.Metrics {
		if m := &s.Metrics[i]; strings.EqualFold(m.Name, name) && len(m.Dimensions) == 0 {
			return m
		}
	}
	return nil
}

// MaxUnits is the most capacity units that the gateway may grow to, by its document: an instance has at least ten.
// 0: not known.
func (s *Summary) MaxUnits() float64 {
	switch {
	case s.Config == nil || s.Config.V1():
		return 0
	case s.Config.Autoscale != nil && s.Config.Autoscale.Max > 0:
		return 10 * float64(s.Config.Autoscale.Max)
	}
	return 10 * float64(s.Config.SKU.Capacity)
}
