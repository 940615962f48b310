package inference

import (
	"testing"

	"causeway/internal/diagnose/traffic"
)

// The rates of a place beside those of all others: only members answer, and one request is not several.
func TestRatesInWords(t *testing.T) {
	t.Parallel()
	f := func(name string, hereFailed, here, thereFailed, there, others int, want string) {
		t.Helper()
		p := &place{dimension: dimension{name: name}}
		got := p.rates(traffic.Exposed{Failures: hereFailed, Requests: here}, traffic.Exposed{Failures: thereFailed, Requests: there}, others)
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f("client", 3, 3, 3, 33, 1, "all of its 3 requests failed, and 3 of the 33 of the other one")
	f("client", 1, 1, 3, 33, 4, "its only request failed, and 3 of the 33 of the other 4")
	f("path", 30, 900, 0, 4100, 2, "30 of its 900 requests failed, and none of the 4100 of the other 2")
	f("member", 100, 100, 2, 659, 2, "it answered none of 100 requests, and 2 of the 659 of the other 2 failed")
	f("member", 1, 1, 0, 9, 1, "it answered none of 1 request, and none of the 9 of the other one failed")
}
