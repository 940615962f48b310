package units_test

import (
	"testing"

	"causeway/internal/units"
)

// Zeros behind the point go; those of a whole number stay.
func TestDecimal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		x      float64
		digits int
		want   string
	}{{100, 0, "100"}, {10, 0, "10"}, {0, 0, "0"}, {10, 1, "10"}, {2.50, 2, "2.5"}, {2.04, 1, "2"}, {0, 1, "0"}} {
		if got := units.Decimal(c.x, c.digits); got != c.want {
			t.Errorf("%v with %d digits: %q, want %q", c.x, c.digits, got, c.want)
		}
	}
}
