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
	if v := verdict(r); v == nil || v.Share != 1 {
		t.Errorf("%+v", v)
	}
}
