package story

import (
	"time"

	"causeway/internal/accesslog"
)

// FirstGeneration makes a record one of a first-generation gateway, which has no word of its own for what happened.
func FirstGeneration(r *accesslog.Record, a *accesslog.Attempt) {
	Nameless(r, a)
	r.V1, r.Instance, r.ErrorInfo = true, "ApplicationGatewayRole_IN_0", ""
}

// BadGateway is a 502 that came at once.
func BadGateway(r *accesslog.Record, a *accesslog.Attempt) {
	FirstGeneration(r, a)
	r.Status, r.Taken = 502, 2*time.Millisecond
}
