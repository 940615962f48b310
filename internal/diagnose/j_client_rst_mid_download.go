package diagnose

import (
	"fmt"

	"causeway/internal/fault"
)

var cutDownloads = hypothesis{
	cause: "j-client-rst-mid-download", needs: theTrace,
	test: "the client's connection ended while the answer was being delivered, and the member had sent all that was asked of it so far",
	look: clientCutsDownload,
}

// clientCutsDownload: the client leaves in the middle of an answer that is on its way.
func clientCutsDownload(q *inquiry) {
	events := q.unclaimed(func(e *event) bool {
		return e.own && e.fault.Side == fault.Client && !q.fromMember(e) && e.fault.Phase == fault.Deliver && (e.fault.Kind == fault.Closed || e.fault.Kind == fault.Reset)
	})
	if len(events) == 0 {
		return
	}
	f := q.claim("j-client-rst-mid-download", events, scopeOf(events), High)
	f.says("access-log", fmt.Sprintf("%s ended from the client's side while the answer was being delivered", count(len(events), "request", "requests")), events...)
	f.excludes("e-short-body", "it was not the member's side that ended")
	f.expect("client", 0, len(events), "unknown", "whether they would have taken the rest is not in the evidence")
	q.fill(map[string]string{}, f)
}
