package story

import (
	"strings"
	"testing"

	"causeway/internal/accesslog"
	"causeway/internal/report"
)

// Each of these looks like a cause that is not at work.

// Spares asserts that a cause is not named with any confidence.
func Spares(t *testing.T, r *report.Report, ids ...string) {
	t.Helper()
	for _, f := range r.Findings {
		for _, id := range ids {
			if f.Cause == id && f.Confidence != report.Low {
				t.Errorf("%s with %s confidence: %v", id, f.Confidence, f.Evidence)
			}
		}
	}
}

func Of(gateway string) Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.ResourceID = gateway }
}

// Sticky is the usual document with users bound to members by a cookie.
func Sticky(doc string) string {
	return strings.Replace(doc, `"requestTimeout":2`, `"requestTimeout":2,"cookieBasedAffinity":"Enabled"`, 1)
}
