package telemetry

import (
	"cmp"
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"
)

// InstanceLabel names the process that a metric is of: an instanceId of the access log, or "supervisor". It is not "instance",
// which Prometheus gives to the address that it scraped.
const InstanceLabel = "instance_id"

// SupervisorID is the value of InstanceLabel for the supervisor's own metrics.
const SupervisorID = "supervisor"

// Merged is one answer over several processes.
type Merged struct{ byName map[string]*dto.MetricFamily }

// Add adds all that a process counts. It takes the families over.
func (m *Merged) Add(id string, families []*dto.MetricFamily) {
	if m.byName == nil {
		m.byName = map[string]*dto.MetricFamily{}
	}
	for _, f := range families {
		for _, metric := range f.Metric {
			metric.Label = withLabel(metric.Label, id)
		}
		if known := m.byName[f.GetName()]; known != nil && known.GetType() == f.GetType() {
			known.Metric = append(known.Metric, f.Metric...)
		} else if known == nil { // of two types under one name the first stays: two versions may run beside each other
			m.byName[f.GetName()] = f
		}
	}
}

func withLabel(labels []*dto.LabelPair, id string) []*dto.LabelPair {
	if slices.ContainsFunc(labels, func(l *dto.LabelPair) bool { return l.GetName() == InstanceLabel }) {
		return labels
	}
	name := InstanceLabel
	labels = append(labels, &dto.LabelPair{Name: &name, Value: &id})
	slices.SortFunc(labels, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return labels
}

// Families returns everything that was added, in order of the names.
func (m *Merged) Families() []*dto.MetricFamily {
	out := make([]*dto.MetricFamily, 0, len(m.byName))
	for _, name := range slices.Sorted(maps.Keys(m.byName)) {
		out = append(out, m.byName[name])
	}
	return out
}
