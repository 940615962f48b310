package diagnose_test

import (
	"io"
	"strings"
	"testing"

	"causeway/internal/diagnose"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/story"
	"causeway/internal/diagnose/traffic"
)

// Two members were waited for one after the other, more often than can be looked at one by one: whatever the report counts
// is of all failures, and it says once that facts count the sample.
func TestCountsOfASample(t *testing.T) {
	t.Parallel()
	const failures = 400
	s := story.DoubledWaits(t, failures)
	b := s.Bundle()
	tally := traffic.NewSummary(traffic.Excluded{Document: b.Config})
	tally.Sample.Most = failures / 3
	if err := tally.Read(b, traffic.Options{}); err != nil {
		t.Fatal(err)
	}
	r := diagnose.Conclude(inference.NewCase(tally), b)
	s.Check(r)
	if r.Read.Sampled != 4 {
		t.Fatalf("one in %d was looked at", r.Read.Sampled)
	}
	for _, f := range r.Findings {
		if diagnose.Touched(&f) != failures {
			t.Errorf("%s: %d failures, and a part in %d; there are %d", f.Cause, f.Failures, f.Contributing, failures)
		}
		for _, x := range f.Fixes {
			if x.Expected.Removes[1] != failures {
				t.Errorf("%s: a fix removes %v", f.Cause, x.Expected.Removes)
			}
		}
	}
	for _, x := range r.WhatIf.Savings {
		if x.Setting == "requestTimeout" && x.Removes[1] != failures {
			t.Errorf("%s: %v", x.Setting, x.Removes)
		}
	}
	if r.WhatIf.Together[1] != failures {
		t.Errorf("together %v", r.WhatIf.Together)
	}
	for _, write := range []func(io.Writer) error{func(w io.Writer) error { return r.Text(w, 100) }, r.Markdown, r.HTML} {
		var out strings.Builder
		if err := write(&out); err != nil {
			t.Error(err)
		}
		if n := strings.Count(strings.Join(strings.Fields(out.String()), " "), "an even sample of one in 4"); n != 1 {
			t.Errorf("the report names the sample %d times:\n%s", n, &out)
		}
	}
}
