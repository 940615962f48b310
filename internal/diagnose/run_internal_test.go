package diagnose

import (
	"testing"

	"causeway/internal/report"
)

// The shares of the parts of a verdict are added up before they are rounded.
func TestShareOfTheVerdict(t *testing.T) {
	t.Parallel()
	r := &report.Report{Failures: 102, Findings: []report.Finding{
		{Cause: "c-idle-race", Failures: 37, Share: 0.3627, Confidence: report.Medium},
		{Cause: "c-idle-race", Failures: 36, Share: 0.3529, Confidence: report.Medium},
		{Cause: "c-idle-race", Failures: 29, Share: 0.2843, Confidence: report.Medium},
	}}
	if v, _ := verdict(r); v == nil || v.Share != 1 {
		t.Errorf("%+v", v)
	}
}

// A verdict explains as much as what is left open, at least, and more than a suspicion carries it.
func TestNoVerdict(t *testing.T) {
	of := func(confidence string, share float64, failures, open int) *report.Verdict {
		v, _ := verdict(&report.Report{
			Failures:     int(float64(failures)/share + 0.5),
			Findings:     []report.Finding{{Cause: "d-hung", Failures: failures, Share: share, Confidence: confidence}},
			Undetermined: report.Undetermined{Failures: open},
		})
		return v
	}
	for name, c := range map[string]struct {
		got  *report.Verdict
		want bool
	}{
		"most of the failures":        {of(report.Medium, 0.6, 60, 40), true},
		"a suspicion":                 {of(report.Low, 0.6, 60, 40), false},
		"less than what is left open": {of(report.Medium, 0.4, 40, 60), false},
		"a small part":                {of(report.High, 0.1, 10, 5), false},
	} {
		t.Run(name, func(t *testing.T) {
			if (c.got != nil) != c.want {
				t.Errorf("verdict %+v, want one: %v", c.got, c.want)
			}
		})
	}
}
