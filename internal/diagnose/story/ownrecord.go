package story

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/report"
)

// FactOf is what a report has as worth knowing under a cause; empty if nothing.
func FactOf(r *report.Report, cause string) string {
	for _, n := range r.Notices {
		if n.Cause == cause {
			return n.Fact
		}
	}
	return ""
}

// EveryForm asserts that a text stands in each form of a report, however its lines are broken.
func EveryForm(t *testing.T, r *report.Report, want string) {
	t.Helper()
	for name, write := range map[string]func(*strings.Builder) error{
		"text": func(b *strings.Builder) error { return r.Text(b, 100) }, "markdown": func(b *strings.Builder) error { return r.Markdown(b) },
		"html": func(b *strings.Builder) error { return r.HTML(b) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil || !strings.Contains(strings.Join(strings.Fields(b.String()), " "), want) {
			t.Errorf("%s lacks %q (%v)", name, want, err)
		}
	}
}

func ServerOf(member byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, member}), 80)
}

func QueuedFor(d time.Duration) Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Queued, r.ClientUses = d, 1 }
}
