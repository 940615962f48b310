package diagnose

import (
	"fmt"
	"net/http"

	"causeway/internal/fault"
)

var maskedStatus = hypothesis{
	cause: "k-masked", needs: theLog,
	test: "the status of the backend is another one than the client got",
	look: masked,
}

// masked: something on the way back turned the backend's answer into another.
func masked(q *inquiry) {
	events := q.unclaimed(func(e *event) bool {
		return e.tried && e.fault.Kind == fault.Status && e.attempt.Status > 0 && e.status >= 500 && e.attempt.Status != e.status
	})
	unfit, events := parted(events, func(e *event) bool { return e.status == http.StatusBadGateway && e.attempt.Status < 500 })
	if len(unfit) > 0 {
		q.suspect(unfit, "the member's status line came and the gateway answered 502 all the same: no feature turns a good answer into 502, while a head or body that it cannot pass on does; ask the member for the same paths and look at the bytes of head and framing",
			"e-bad-header", "e-header-too-big", "e-short-body", "e-bad-chunk", "e-cl-te", "c-restart", "k-masked")
	}
	keys, groups := groupBy(events, func(e *event) [2]int { return [2]int{e.attempt.Status, e.status} })
	for _, k := range keys {
		f := q.claimMore("k-masked", groups[k], scopeOf(groups[k]), High)
		f.says("access-log", fmt.Sprintf("%d × the backend answered %d and the client got %d", len(groups[k]), k[0], k[1]), groups[k]...)
		q.fill(map[string]string{"address": address(groups[k])}, f)
	}
}
