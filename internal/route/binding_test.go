package route

import "testing"

func TestBinding(t *testing.T) {
	b := Binding{PortOffset: 8000, Bind: map[string]string{"Private": "10.0.0.10", "six": "[::1]"}}
	for frontend, want := range map[string]string{"public": ":8080", "private": "10.0.0.10:8080", "six": "[::1]:8080"} {
		if got := b.Addr(frontend, 80); got != want {
			t.Errorf("%s: %s, want %s", frontend, got, want)
		}
	}
}
