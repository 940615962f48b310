package report

import (
	"fmt"
	"strings"

	"causeway/internal/units"
)

// MetricsSummary is what the metrics alone show where there is no access log: how many answers were errors, whose they were, and
// when. A metric proves no cause of any request, so nothing here is a finding.
type MetricsSummary struct {
	Window       Window        `json:"window"`
	Answers      int           `json:"answers"`      // that clients got, of every status
	Errors       int           `json:"errors"`       // answers 5xx; where the metrics do not split by status, failed requests
	ByBackend    int           `json:"byBackend"`    // 5xx that members answered; -1: not known
	ByGateway    int           `json:"byGateway"`    // about: the rest; -1: not known
	Facts        []string      `json:"facts"`        // of the whole window
	ErrorPeriods []ErrorPeriod `json:"errorPeriods"` // when most of the errors came, the worst first
	Next         string        `json:"next"`
}

// ErrorPeriod is a time of errors.
type ErrorPeriod struct {
	From      string   `json:"from"`
	To        string   `json:"to"`
	Errors    int      `json:"errors"`
	ByBackend int      `json:"byBackend"`
	ByGateway int      `json:"byGateway"`
	Facts     []string `json:"facts"`  // what else the metrics show just then
	Rivals    []Rival  `json:"rivals"` // what it may be
}

// headline is the count in a sentence.
func (m *MetricsSummary) headline() string {
	if m.Errors == 0 {
		return fmt.Sprintf("The metrics count no failed request; clients got %d answers.", m.Answers)
	}
	text := fmt.Sprintf("The metrics count %s", units.Count(m.Errors, "failed request", "failed requests"))
	if m.Answers > 0 {
		text += fmt.Sprintf(" (5xx) among %d answers", m.Answers)
	}
	if m.ByGateway >= 0 {
		text += fmt.Sprintf(": about %d made by the gateway (%s), %d by the backend (%s)", m.ByGateway,
			units.Percent(m.ByGateway, m.Errors), m.ByBackend, units.Percent(m.ByBackend, m.Errors))
	} else {
		text += "; whose they are is not among the evidence (BackendResponseStatus tells)"
	}
	return text + ". No request can be attributed without the access log."
}

// Lines are the sentences of the summary, one fact each.
func (m *MetricsSummary) Lines() []string {
	out := append([]string{}, m.Facts...)
	for i := range m.ErrorPeriods {
		s := &m.ErrorPeriods[i]
		out = append(out, s.Text())
		for _, x := range s.Rivals {
			out = append(out, "at that time perhaps "+x.Cause+"; to separate: "+x.Test)
		}
	}
	if m.Next != "" {
		out = append(out, "next: "+m.Next)
	}
	return out
}

// Text describes the period in one sentence.
func (s *ErrorPeriod) Text() string {
	text := fmt.Sprintf("%s to %s: %s", s.From, s.To, units.Count(s.Errors, "failed request", "failed requests"))
	if s.ByGateway >= 0 {
		text += fmt.Sprintf(", about %d made by the gateway, %d by the backend", s.ByGateway, s.ByBackend)
	}
	if len(s.Facts) > 0 {
		text += "; just then " + strings.Join(s.Facts, "; ")
	}
	return text
}
