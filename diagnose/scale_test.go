package diagnose

import (
	"fmt"
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
