package story

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// Stories of logs whose serverStatus holds what the gateway itself wrote. None has serverHeaderTime, which would decide.

// Echoing makes a request end with a status that serverStatus repeats, after a time.
func Echoing(n int, after time.Duration, info string) Change {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		r.Status, a.Status, r.ErrorInfo = n, n, info
		a.Fault, a.HeaderTime, r.Taken, a.Total, a.Wait = fault.Fault{}, accesslog.Unset, after, after, accesslog.Unset
	}
}

// Lively has two members answer in turn, every n-th request as told; the log goes on after it.
func Lively(t *testing.T, n int, changes ...Change) *Story {
	s := NewAzure(t)
	s.Doc = strings.Replace(StoryDocument, `"requestTimeout":2`, `"requestTimeout":30`, 1)
	for i := range 200 {
		if i%n == n-1 && i < 190 {
			s.After(2*time.Second).Request(4+i%2, changes...)
		} else {
			s.After(2 * time.Second).Request(4 + i%2)
		}
	}
	return s
}

// Causes are the findings of a report.
func Causes(r *report.Report) string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Cause+" "+f.Confidence)
	}
	return strings.Join(out, ", ")
}

// Likely are the first rivals of what a report leaves open.
func Likely(r *report.Report) string {
	var out []string
	for _, g := range r.Undetermined.Groups {
		out = append(out, g.Rivals[0].Cause)
	}
	return strings.Join(out, ", ")
}

func StepOf(r *report.Report, name string) report.Step {
	for _, s := range r.Steps {
		if s.Step == name {
			return s
		}
	}
	return report.Step{}
}
