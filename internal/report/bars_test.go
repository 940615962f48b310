package report

import (
	"testing"
)

func TestBars(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		counts []int
		want   string
	}{
		{[]int{0, 1, 1000, 500}, " ▁█▄"},
		{[]int{3, 3}, "██"},
		{[]int{0, 0}, "  "},
		{nil, ""},
	} {
		if got := bars(x.counts); got != x.want {
			t.Errorf("%v: %q, want %q", x.counts, got, x.want)
		}
	}
}
