package diagnose

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// More failures than can be looked at one by one: an even sample is, and the counts are those of all.
func TestManyFailures(t *testing.T) {
	s := &sampler{most: 1000}
	for i := range 10_000 {
		s.add(&event{id: fmt.Sprint(i), at: time.Unix(int64(i), 0)})
	}
	if n := len(s.events) << s.shift; s.shift != 4 || n < 8000 || n > 12_000 {
		t.Errorf("%d events kept, one in %d", len(s.events), 1<<s.shift)
	}
	again := &sampler{most: 1000}
	for i := range 10_000 {
		again.add(&event{id: fmt.Sprint(i), at: time.Unix(int64(i), 0)})
	}
	if len(again.events) != len(s.events) || again.events[7].id != s.events[7].id {
		t.Error("the sample is another one the second time")
	}
}

func TestApportion(t *testing.T) {
	a, b, c := 1, 1, 1
	apportion([]*int{&a, &b, &c}, 1000)
	if a+b+c != 1000 || a != 334 || c != 333 {
		t.Error(a, b, c)
	}
	none := 0
	apportion([]*int{&none}, 5)
	if none != 0 {
		t.Error(none)
	}
}

// Two members were waited for one after the other, more often than can be looked at one by one: whatever the report counts
// is of all failures, and it says once that facts count the sample.
func TestCountsOfASample(t *testing.T) {
	const failures = 400
	s := doubledWaitsStory(t, failures)
	b := s.bundle()
	tally := newTally(leftOut{document: b.Config})
	tally.sample.most = failures / 3
	if err := tally.read(b, Options{}); err != nil {
		t.Fatal(err)
	}
	r := newInquiry(tally).run(b)
	s.check(r)
	if r.Read.Sampled != 4 {
		t.Fatalf("one in %d was looked at", r.Read.Sampled)
	}
	for _, f := range r.Findings {
		if f.touched() != failures {
			t.Errorf("%s: %d failures, and a part in %d; there are %d", f.Cause, f.Failures, f.Also, failures)
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
		if n := strings.Count(strings.Join(strings.Fields(out.String()), " "), "one in 4 was, chosen evenly"); n != 1 {
			t.Errorf("the sample is told of %d times:\n%s", n, &out)
		}
	}
}

// What nothing explains counts in full too, group by group.
func TestGroupsOfASample(t *testing.T) {
	r := &Report{Failures: 100, Recovered: 20, Undetermined: Undetermined{Failures: 25, Groups: []Open{{Failures: 20, Recovered: 1}, {Failures: 5, Recovered: 4}}}}
	q := &inquiry{tally: &tally{failures: 100, recovers: 20, events: make([]*event, 30), sample: sampler{shift: 2}}}
	q.scale(r)
	if g := r.Undetermined.Groups; r.Undetermined.Failures != 100 || g[0].Failures != 80 || g[1].Failures != 20 || g[0].Recovered != 4 || g[1].Recovered != 16 {
		t.Errorf("%+v", r.Undetermined)
	}
}
