package story

import (
	"causeway/internal/accesslog"
)

// Nameless makes a record as the first generation writes it: without pool, settings, rule and listener.
func Nameless(r *accesslog.Record, _ *accesslog.Attempt) {
	r.Pool, r.Settings, r.Rule, r.Listener = "", "", "", ""
}
