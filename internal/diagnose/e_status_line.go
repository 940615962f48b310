package diagnose

import "causeway/internal/fault"

var badStatusLine = hypothesis{
	cause: "e-status-line", needs: theTrace,
	test: "the version or the status in the status line is none, or the line is missing, while the member answers other requests as it should",
	look: func(q *inquiry) {
		decides("e-status-line", "the status line of the response is none", func(e *event) bool {
			return is(fault.Backend, fault.Head, fault.BadStatus)(e) || q.onAWorkingMember(e)
		})(q)
	},
}
