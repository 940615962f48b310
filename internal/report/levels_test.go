package report_test

import (
	"strings"
	"testing"

	"causeway/internal/cause"
	"causeway/internal/report"
)

// Every kind has words, and a place reads as a sentence does.
func TestLevelsInWords(t *testing.T) {
	t.Parallel()
	for _, kind := range cause.FailureKinds() {
		if k := (&report.FailureKind{Kinds: []string{kind}}); len(k.Text()) < 10 {
			t.Errorf("%s has no words", kind)
		}
	}
	for want, w := range map[string]report.Where{
		"member 10.0.0.5:80, path GET /x": {Member: "10.0.0.5:80", Path: "/x", Method: "GET"},
		"method POST":                     {Method: "POST"},
		"client 203.0.113.9, from 10:00":  {Client: "203.0.113.9", From: "10:00"},
	} {
		if got := w.Text(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Where the cause is open, the headline says the place, both counts, the kind and the likeliest cause.
func TestHeadlineOfAPlace(t *testing.T) {
	t.Parallel()
	r := &report.Report{
		Requests: 988, Failures: 331,
		Where: &report.Where{
			Member: "10.0.0.5:80", Failures: 329, Of: 331, Confidence: report.High,
			Fact: "member 10.0.0.5:80: 329 of 331 failures; it answered none of 329 requests, and 2 of the 659 of the other 2 failed",
		},
		FailureKind: &report.FailureKind{Kinds: []string{"refused", "lost-at-once"}, Failures: 329, Of: 331, Confidence: report.High},
		Undetermined: report.Undetermined{Failures: 329, Groups: []report.Open{
			{Failures: 329, Rivals: []report.Rival{{Cause: "b-refused"}, {Cause: "b-reject"}}},
		}},
		Findings: []report.Finding{{Cause: "j-client-abort", Failures: 2, Confidence: report.High}},
	}
	for _, want := range []string{
		"329 of 331 failed requests: at member 10.0.0.5:80", "it answered none of 329 requests", "refused the connection, or", "(b-refused)",
	} {
		if !strings.Contains(r.Headline(), want) {
			t.Errorf("%q lacks %q", r.Headline(), want)
		}
	}
	var b strings.Builder
	if err := r.Text(&b, 100); err != nil || strings.Index(b.String(), "Cannot tell") > strings.Index(b.String(), "j-client-abort") {
		t.Errorf("what is always there comes first (%v)\n%s", err, b.String())
	}
}

// Findings of low confidence leave nothing open, and the headline does not say so.
func TestHeadlineOfSuspicions(t *testing.T) {
	t.Parallel()
	r := &report.Report{Requests: 100, Failures: 9, Findings: []report.Finding{{Cause: "d-hung", Failures: 9, Confidence: report.Low}}}
	if strings.Contains(r.Headline(), "of 0") {
		t.Error(r.Headline())
	}
}

// Requests that were all left out are no missing log.
func TestHeadlineWithoutRequestsThatWereAskedFor(t *testing.T) {
	t.Parallel()
	for want, read := range map[string]report.Read{
		"None of the 7 requests":              {OutsideWindow: report.Excluded{Requests: 7, From: "a", To: "b"}},
		"None of 5 requests in this evidence": {OtherGateways: map[string]int{"other": 5}},
	} {
		r := &report.Report{Read: read, MetricsSummary: &report.MetricsSummary{Errors: 3, Answers: 9}}
		if !strings.HasPrefix(r.Headline(), want) {
			t.Errorf("%q, want %q", r.Headline(), want)
		}
	}
}
