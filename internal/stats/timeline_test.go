package stats

import (
	"fmt"
	"testing"
	"time"
)

// Times are found again whatever the order in which they came, and counted in coarser intervals where they are too many.
func TestTicks(t *testing.T) {
	t.Parallel()
	at := func(i int) time.Time { return time.Unix(1_800_000_000, 0).Add(time.Duration(i) * BinWidth) }
	for _, most := range []int{maxTicks, 256} {
		t.Run(fmt.Sprintf("most %v", most), func(t *testing.T) {
			c := NewClock()
			c.MaxBins = most
			k := c.NewTimeline()
			for i := range 1000 {
				k.Add(at(3 * (i * 7 % 1000)))
			}
			c.Sort()
			slack := int(c.width / BinWidth)
			if n := k.Between(at(300), at(599)); n < 100-slack || n > 100+slack {
				t.Errorf("with room for %d: %d in a tenth, want 100", most, n)
			}
			if n := k.Between(at(-10), at(4000)); n != 1000 {
				t.Errorf("with room for %d: %d in all, want 1000", most, n)
			}
			after, ok1 := k.After(at(301))
			before, ok2 := k.Before(at(301))
			if !ok1 || !ok2 || after.Sub(at(303)).Abs() > 2*c.width || before.Sub(at(300)).Abs() > 2*c.width {
				t.Errorf("with room for %d: %v after, %v before", most, after, before)
			}
			if _, ok := k.After(at(4000)); ok {
				t.Error("something is after the last")
			}
			if _, ok := k.Before(at(-100)); ok {
				t.Error("something is before the first")
			}
			if some, rest := k.AfterQuiet(BinWidth); some.N+rest.N != 1000 || most == maxTicks && some.N != 1000 {
				t.Errorf("%d after a quiet time, %d others", some.N, rest.N)
			}
		})
	}
}
