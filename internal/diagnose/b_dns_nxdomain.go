package diagnose

import (
	"causeway/internal/fault"
)

var unresolvedName = hypothesis{
	cause: "b-dns-nxdomain", needs: theTrace,
	test: "the name of a member had no address",
	look: unresolved,
}

// unresolved: a member's name had no address.
func unresolved(q *inquiry) {
	decides("b-dns-nxdomain", "the name of the member had no address", func(e *event) bool { return e.fault.Kind == fault.Unresolved })(q)
}
