package main

import (
	"testing"

	"causeway/internal/report"
)

// A cause or a place of high confidence fails the command, and a place of medium confidence does not.
func TestFailOnHigh(t *testing.T) {
	for name, c := range map[string]struct {
		r    report.Report
		fail bool
	}{
		"a sure cause":   {report.Report{Findings: []report.Finding{{Confidence: report.High}}}, true},
		"a likely cause": {report.Report{Findings: []report.Finding{{Confidence: report.Medium}}}, false},
		"a sure place":   {report.Report{Where: &report.Where{Confidence: report.High}}, true},
		"a likely place": {report.Report{Where: &report.Where{Confidence: report.Medium}}, false},
		"a few who left": {report.Report{
			Findings: []report.Finding{{Confidence: report.High, Usual: true}}, Where: &report.Where{Confidence: report.High},
		}, false},
		"nothing is sure": {report.Report{Undetermined: report.Undetermined{Failures: 3}}, false},
	} {
		if got := verdictExit(&c.r, "high") != nil; got != c.fail {
			t.Errorf("%s: %v", name, got)
		}
	}
}
