package traffic

import (
	"fmt"
	"testing"
	"time"
)

// The request to explain is kept, also where only a sample of the failures is.
func TestExplainOneOfManyFailures(t *testing.T) {
	t.Parallel()
	s := &Sampler{Most: 16}
	asked := &Event{ID: "this one", explained: true}
	s.add(asked)
	for i := range 1000 {
		s.add(&Event{ID: fmt.Sprint(i)})
	}
	if s.Shift == 0 || s.events[0] != asked {
		t.Errorf("one in %d is kept, and not the one that was asked for", 1<<s.Shift)
	}
}

// More failures than can be looked at one by one: an even sample is, and the counts are those of all.
func TestManyFailures(t *testing.T) {
	t.Parallel()
	s := &Sampler{Most: 1000}
	for i := range 10_000 {
		s.add(&Event{ID: fmt.Sprint(i), At: time.Unix(int64(i), 0)})
	}
	if n := len(s.events) << s.Shift; s.Shift != 4 || n < 8000 || n > 12_000 {
		t.Errorf("%d events kept, one in %d", len(s.events), 1<<s.Shift)
	}
	again := &Sampler{Most: 1000}
	for i := range 10_000 {
		again.add(&Event{ID: fmt.Sprint(i), At: time.Unix(int64(i), 0)})
	}
	if len(again.events) != len(s.events) || again.events[7].ID != s.events[7].ID {
		t.Error("the sample is another one the second time")
	}
}
