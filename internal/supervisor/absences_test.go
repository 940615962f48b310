package supervisor

import (
	"slices"
	"testing"
	"time"

	"causeway/internal/admin"
)

// A node that ends is away from then on, until it runs again or is removed. One that never ran here is away since nobody knows when.
func TestAbsences(t *testing.T) {
	t.Parallel()
	var a absences
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	f := func(second int, admitted, running []string, want ...admin.Absence) {
		t.Helper()
		a.see(admitted, running, at(second))
		if got := a.list(); !slices.Equal(got, want) {
			t.Errorf("after %d s: %+v, want %+v", second, got, want)
		}
	}
	three := []string{"a", "b", "c"}
	f(1, three, []string{"a", "c"}, admin.Absence{Node: "b"})
	f(2, three, []string{"a", "c"}, admin.Absence{Node: "b"})
	f(3, three, []string{"a"}, admin.Absence{Node: "b"}, admin.Absence{Node: "c", Since: at(3)})
	f(4, three, []string{"a", "b"}, admin.Absence{Node: "c", Since: at(3)})
	f(5, three, []string{"a"}, admin.Absence{Node: "b", Since: at(5)}, admin.Absence{Node: "c", Since: at(3)})
	f(6, []string{"a", "b"}, []string{"a", "b"})
}
