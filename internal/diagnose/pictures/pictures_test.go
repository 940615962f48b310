package pictures

import (
	"fmt"
	"testing"
	"time"

	"causeway/internal/report"
	"causeway/internal/stats"
)

func TestStepsAreFew(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 23, 9, 0, 59, 0, time.UTC)
	for _, long := range []time.Duration{
		0, time.Second, 119 * time.Second, 2 * time.Minute, time.Hour, 36 * time.Hour,
		400 * 24 * time.Hour, 3000 * 24 * time.Hour,
	} {
		step := stepFor(from, from.Add(long), time.Second)
		n := from.Add(long).Truncate(step).Sub(from.Truncate(step))/step + 1
		if n > report.MaxSteps || step > time.Second && n < report.MaxSteps/8 {
			t.Errorf("%s: %d steps of %s", long, n, step)
		}
	}
	if step := stepFor(from, from.Add(time.Minute), 4*time.Second); step != 5*time.Second {
		t.Errorf("step %s is shorter than what was counted", step)
	}
}

func TestLatencyBucketsAreFew(t *testing.T) {
	t.Parallel()
	for _, most := range []time.Duration{time.Microsecond, 3 * time.Millisecond, time.Second, time.Hour, 100 * time.Hour} {
		t.Run(fmt.Sprintf("most %v", most), func(t *testing.T) {
			h := &stats.Histogram{}
			h.Add(time.Microsecond)
			h.Add(most)
			s := latencyShape("x", h, nil, 0)
			if n := len(s.Buckets); n > report.MaxBuckets || s.Buckets[n-1].To < most.Seconds()*0.99 {
				t.Errorf("%s: %d buckets, to %v", most, n, s.Buckets[n-1].To)
			}
		})
	}
}
