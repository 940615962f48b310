package traffic

import (
	"testing"
)

// A route is one path without its ids; odd characters of an id stay, because some servers accept no such id.
func TestIDsKeepWhatIsOdd(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/orders/1234/items":    "/orders/*/items",
		"/orders/12%2F34/items": "/orders/*%2F/items",
		"/orders/12;34":         "/orders/*;",
		"/orders/1234%2":        "/orders/*%2",
		"/a%2Fb":                "/a%2Fb",
	} {
		if got := Template([]byte(path)); got != want {
			t.Errorf("template(%q) = %q, want %q", path, got, want)
		}
	}
}
