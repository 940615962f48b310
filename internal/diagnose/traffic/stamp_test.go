package traffic

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// A stamp of whole seconds is of the end; one that is more exact is the gateway's own, of the beginning.
func TestStampsOfAzureAreOfTheEnd(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 30, 0, time.UTC)
	for _, c := range []struct {
		stamp        time.Time
		taken        time.Duration
		begins, ends time.Time
	}{
		{at, 20*time.Second + 4*time.Millisecond, at.Add(-20 * time.Second), at},
		{at, 30 * time.Millisecond, at, at},
		{at.Add(100), 20 * time.Second, at.Add(100 - 20*time.Second), at.Add(100)}, // as Event Hubs writes a whole second
		{at.Add(5 * time.Millisecond), 2 * time.Second, at.Add(5 * time.Millisecond), at.Add(2005 * time.Millisecond)},
	} {
		r := accesslog.Record{Start: c.stamp, Taken: c.taken}
		beginOf(&r)
		if !r.Start.Equal(c.begins) || !endOf(&r).Equal(c.ends) || !Stamp(&r).Equal(c.stamp) {
			t.Errorf("%v, %v: begins %v, ends %v, stamp %v", c.stamp, c.taken, r.Start, endOf(&r), Stamp(&r))
		}
	}
}
