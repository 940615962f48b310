package route

import (
	"testing"

	"causeway/internal/gateway"
)

// Without a name that a listener serves, v1 presents the first one that does not require SNI, and no certificate where
// all do; v2 does not ask.
func TestCertificateWithoutName(t *testing.T) {
	strict, lenient := &gateway.Listener{Name: "strict", RequireSNI: true}, &gateway.Listener{Name: "lenient"}
	f := func(v1 bool, want string, listeners ...*gateway.Listener) {
		t.Helper()
		p := &Port{exact: map[string]*Site{}}
		for i, l := range listeners {
			p.sites = append(p.sites, &Site{Listener: l, order: i})
		}
		for _, name := range []string{"", "unknown.example"} {
			got := ""
			if s := p.presented([]byte(name), v1); s != nil {
				got = s.Listener.Name
			}
			if got != want {
				t.Errorf("v1 %v, name %q: %q, want %q", v1, name, got, want)
			}
		}
	}
	f(true, "", strict)
	f(true, "lenient", strict, lenient)
	f(false, "strict", strict, lenient)
}
