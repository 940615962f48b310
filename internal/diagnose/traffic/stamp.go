package traffic

import (
	"time"

	"causeway/internal/accesslog"
)

// beginOf computes when a request of Azure's log began. The log does not say: Azure's second generation is nginx, whose access log has a
// stamp of whole seconds, in nginx's own form, that is taken when the line is written, once the request is over. Microsoft's
// reference does not say which of the two moments it means. What is less than a second of the time taken is left out: so the
// beginning stays as exact as the stamp, to a second on either side, and prints as the log's times do.
func beginOf(r *accesslog.Record) {
	if r.Start.Nanosecond() >= int(time.Microsecond) {
		return
	}
	r.Logged = r.Start
	r.Start = r.Start.Add(-max(0, r.Taken).Truncate(time.Second))
}

// Stamp is the time that a record's line has, by which it can be found in the log.
func Stamp(r *accesslog.Record) time.Time {
	if !r.Logged.IsZero() {
		return r.Logged
	}
	return r.Start
}

// endOf is when a request was over: the stamp itself, where that is of the end.
func endOf(r *accesslog.Record) time.Time {
	if !r.Logged.IsZero() {
		return r.Logged
	}
	return r.Start.Add(r.Taken)
}
