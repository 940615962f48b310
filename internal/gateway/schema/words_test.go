package schema

import "testing"

func TestClosest(t *testing.T) {
	f := func(key, want string) {
		t.Helper()
		if got := Closest(key, []string{"requestTimeout", "protocol", "port"}); got != want {
			t.Errorf("%s: got %q", key, got)
		}
	}
	f("requestTimout", "requestTimeout")
	f("RequestTimeoutt", "requestTimeout")
	f("protocl", "protocol")
	f("frobnicate", "")
	f("", "")
}
