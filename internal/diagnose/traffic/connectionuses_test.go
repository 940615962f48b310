package traffic

import (
	"net/netip"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// Whether rows stand in the order of time shows by instance, however the batches of instances come.
func TestOrderOfRows(t *testing.T) {
	t.Parallel()
	type row struct{ instance, second int }
	for name, x := range map[string]struct {
		at   func(i int) row
		want rowOrder
	}{
		"in order":             {func(i int) row { return row{0, i / 10} }, inOrder},
		"a second of disorder": {func(i int) row { return row{0, i/10 - i%2} }, inOrder},
		"batches of instances": {func(i int) row { return row{i / 100 % 2, i/200*60 + i%100} }, inOrder},
		"latest first":         {func(i int) row { return row{0, -i} }, unordered},
		"latest first, many":   {func(i int) row { return row{0, -i / 50} }, unordered},
		"none":                 {func(i int) row { return row{0, i * 7919 % 600} }, unordered},
		"one second so far":    {func(int) row { return row{0, 1} }, orderUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c connections
			cells := []*Cell{{number: 1}, {number: 2}}
			for i := range 2000 {
				r := x.at(i)
				a := accesslog.Attempt{Server: netip.MustParseAddrPort("10.0.0.4:80"), LocalPort: uint16(1 + i%50), Status: 200}
				end := time.Unix(int64(1_000_000+r.second), 0)
				later := c.see(0, &a, cells[r.instance], nil, c.begins(&accesslog.Record{Logged: end}), end.UnixNano())
				if later != (c.order == unordered) {
					t.Fatalf("attempt %d is postponed: %v", i, later)
				}
			}
			if c.order != x.want || (len(c.uses) == 0) != (x.want == inOrder) {
				t.Errorf("order %d, want %d; %d are kept", c.order, x.want, len(c.uses))
			}
		})
	}
}

// What is kept of a log without order is bounded.
func TestConnectionUsesAreBounded(t *testing.T) {
	t.Parallel()
	c := connections{order: unordered}
	for range 2 * maxUses {
		c.postpone(connectionUse{})
	}
	if len(c.uses) != maxUses {
		t.Errorf("%d are kept", len(c.uses))
	}
}
