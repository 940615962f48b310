package diagnose

import "causeway/internal/fault"

var foreignService = hypothesis{
	cause: "e-foreign-service", needs: theTrace,
	test: "what answers does not begin like HTTP, and never did on this member",
	look: func(q *inquiry) {
		decides("e-foreign-service", "what answers is not HTTP", func(e *event) bool { return notHTTP("")(e) && q.member(e.key()).answered == 0 })(q)
	},
}

// onAWorkingMember matches an answer without a status line of a member that answers other requests as it should: then it
// is a handler that writes its answer by hand, and not another service.
func (q *inquiry) onAWorkingMember(e *event) bool {
	return e.fault.Kind == fault.NotHTTP && notHTTP("")(e) && q.member(e.key()).answered > 0
}
