package story

import (
	"fmt"

	"causeway/internal/accesslog"
)

// What is in progress, the page of an error, one member of several and a step in traffic each point at a cause; here they
// do so in vain.

// ByInstance says which instance of the gateway it was.
func ByInstance(n int) Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Instance = fmt.Sprintf("appgw_%d", n) }
}

// Lean is a record as Azure writes it, without the trace.
func Lean(r *accesslog.Record, _ *accesslog.Attempt) { r.Listener = "lean" }
